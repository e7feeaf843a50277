import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { ComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { FakeCloud, FakeMachine, synthesize } from "cdktf-openhpc/testing";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { kindOf } from "../../lib/operate/terraform/plan";
import { SUBNETS } from "../support/azure";
import { CLOUDS } from "../support/clouds";
import { ACCESS as access } from "../support/demo";
import { type CloudSample, describeCloud } from "./contract";

/** The same in networks that were there before, and a cloud that makes nothing in all the ways in which clouds differ. */
const MORE: Readonly<Record<string, CloudSample>> = {
  "aws in a network that was there before": {
    ...CLOUDS["aws"],
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

it.each(Object.entries(CLOUDS))(
  "machines and disks of %s are such to a plan, which asks before they go",
  (_, { make }) => {
    const { terraform } = synthesize((stack) => {
      const home = new NfsDisk(stack, "home", { size: Size.gibibytes(100) });
      const master = new OpenHpcMaster(stack, "master", { cloud: make(), home });
      new ComputePool(stack, "cpu", { master, nodes: 2 });
    });
    const kinds = Object.entries(terraform.resource ?? {}).flatMap(([type, named]) =>
      Object.values(named).map((block) => ({ hosts: block["for_each"] ?? {}, kind: kindOf(type, block) })),
    );
    const machines = kinds.filter(({ kind }) => kind === "machine").flatMap(({ hosts }) => Object.keys(hosts));
    expect(machines.sort()).toEqual(["cpu-1", "cpu-2", "master"]);
    expect(kinds.filter(({ kind }) => kind === "disk").length).toBeGreaterThanOrEqual(2);
  },
);

for (const [name, sample] of Object.entries({ ...CLOUDS, ...MORE })) describeCloud(name, sample);
