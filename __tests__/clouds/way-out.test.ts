import { type Cloud, ComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { synthesize } from "cdktf-openhpc/testing";
import { operator } from "../../stacks/operator";

const CLOUDS: Readonly<Record<"aws" | "azure", (nat: "gateway" | "none") => Cloud>> = {
  aws: (nat: "gateway" | "none") => new AwsCloud({ region: "us-east-1", access: operator, nat }),
  azure: (nat: "gateway" | "none") => new AzureCloud({ location: "eastus", access: operator, nat }),
};
const IMAGES = { aws: "ami-0123456789abcdef0", azure: "Debian:debian-13:13-gen2:0.20260914.2601" };

describe.each(["aws", "azure"] as const)("a network of %s without a way out", (kind) => {
  function warned(nat: "gateway" | "none", image?: string): readonly string[] {
    let warnings: readonly string[] = [];
    synthesize((stack) => {
      const master = new OpenHpcMaster(stack, "master", { cloud: CLOUDS[kind](nat) });
      new ComputePool(stack, "cpu", { master, nodes: 2, ...(image !== undefined && { image }) });
      warnings = stack.node
        .findAll()
        .flatMap(({ node }) => node.metadata)
        .flatMap(({ type, data }) => (type === "@cdktf/warn" ? [String(data)] : []));
    });
    return warnings;
  }

  it("is warned of once for each pool of stock machines, which cannot fetch their software", () => {
    expect(warned("none")).toEqual([
      expect.stringContaining('with nat: "none" have no way there; give the pool an image'),
    ]);
  });

  it("is all right for an image that has everything, and with a gateway nobody is warned", () => {
    expect([...warned("none", IMAGES[kind]), ...warned("gateway")]).toEqual([]);
  });
});
