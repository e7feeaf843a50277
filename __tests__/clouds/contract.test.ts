import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { LocalCloud } from "cdktf-openhpc/local";
import { FakeCloud } from "cdktf-openhpc/testing";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "../../lib/clouds/cloud";
import { describeCloud } from "./contract";

/** Nobody has its other half any more. */
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG test";

const access = { sshPublicKey: KEY, from: [{ cidr: "192.0.2.0/24", reason: "a test" }] };

/** One line per folder of `lib/clouds`, and the fake. */
const CLOUDS: Readonly<Record<string, () => Cloud>> = {
  aws: () => new AwsCloud({ region: "us-east-1", access }),
  azure: () => new AzureCloud({ location: "westeurope", access }),
  local: () => new LocalCloud(),
};

it("no cloud is forgotten here", () => {
  const clouds = join(__dirname, "../../lib/clouds");
  const folders = readdirSync(clouds).filter((name) => existsSync(join(clouds, name, "index.ts")));
  expect(Object.keys(CLOUDS).sort()).toEqual(folders.sort());
});

const DISKS: Readonly<Record<string, string>> = {
  azure:
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data/providers/Microsoft.Compute/disks/home",
};

for (const [name, make] of Object.entries({ ...CLOUDS, fake: () => new FakeCloud() })) {
  describeCloud(name, make, DISKS[name]);
}
