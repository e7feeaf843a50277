import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { LocalCloud } from "cdktf-openhpc/local";
import { FakeCloud, FakeMachine } from "cdktf-openhpc/testing";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SUBNETS } from "../support/azure";
import { type CloudSample, describeCloud } from "./contract";

/** Nobody has its other half any more. */
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG test";

const access = { sshPublicKey: KEY, from: [{ cidr: "192.0.2.0/24", reason: "a test" }] };

/** One line per folder of `lib/clouds`. */
const CLOUDS: Readonly<Record<string, CloudSample>> = {
  aws: { make: () => new AwsCloud({ region: "us-east-1", access }) },
  azure: {
    make: () => new AzureCloud({ location: "westeurope", access }),
    existingDisk:
      "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data/providers/Microsoft.Compute/disks/home",
  },
  local: { make: () => new LocalCloud() },
};

/** The same in networks that were there before, and a cloud that makes nothing in all the ways in which clouds differ. */
const MORE: Readonly<Record<string, CloudSample>> = {
  "aws in a network that was there before": {
    make: () => {
      const masterSubnet = { id: "subnet-0123456789abcdef0", cidr: "172.31.0.0/28" };
      const poolSubnet = { id: "subnet-0123456789abcdef1", cidr: "172.31.128.0/20" };
      const network = { vpcId: "vpc-0123456789abcdef0", masterSubnet, poolSubnet };
      return new AwsCloud({ region: "us-east-1", access, network });
    },
  },
  "azure in a network that was there before, with one subnet for all": {
    ...CLOUDS["azure"],
    make: () => {
      const network = { masterSubnet: { id: `${SUBNETS}/hpc`, cidr: "10.200.4.0/24" } };
      return new AzureCloud({ location: "westeurope", access, network });
    },
  },
  fake: { make: () => new FakeCloud() },
  "fake in a network that was there before": { make: () => new FakeCloud({ addressesRequired: true }) },
  "fake without sizes": {
    make: () => new FakeCloud({ sizes: false }),
    machines: { plain: FakeMachine.of({ coresPerSocket: 8 }), gpu: FakeMachine.of({ gpus: { count: 4 } }) },
  },
  "fake whose machines and network were there before": {
    make: () => new FakeCloud({ sizes: false, addressesRequired: true, introducedOver: "ssh" }),
    machines: { plain: FakeMachine.of({ sockets: 2 }), gpu: FakeMachine.of({ gpus: { count: 1, type: "h100" } }) },
  },
};

it("no cloud is forgotten here", () => {
  const clouds = join(__dirname, "../../lib/clouds");
  const folders = readdirSync(clouds).filter((name) => existsSync(join(clouds, name, "index.ts")));
  expect(Object.keys(CLOUDS).sort()).toEqual(folders.sort());
});

for (const [name, sample] of Object.entries({ ...CLOUDS, ...MORE })) describeCloud(name, sample);
