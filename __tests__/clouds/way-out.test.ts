import { type Cloud, ComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AwsCloud, type AwsCloudProps } from "cdktf-openhpc/aws";
import { AzureCloud, type AzureCloudProps } from "cdktf-openhpc/azure";
import { LocalCloud } from "cdktf-openhpc/local";
import { synthesize } from "cdktf-openhpc/testing";
import { operator } from "../../stacks/operator";

const CLOUDS: Readonly<Record<"aws" | "azure", (nat: "gateway" | "none") => Cloud>> = {
  aws: (nat: "gateway" | "none") => new AwsCloud({ region: "us-east-1", access: operator, nat }),
  azure: (nat: "gateway" | "none") => new AzureCloud({ location: "eastus", access: operator, nat }),
};
const IMAGES = {
  aws: "ami-0123456789abcdef0",
  azure:
    "/subscriptions/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9/resourceGroups/x/providers/Microsoft.Compute/galleries/g/images/node",
};

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

it("a bridge without a way out takes no stock machines, which cannot fetch their software", () => {
  const make = (internet: boolean, image?: string) => () =>
    synthesize((stack) => {
      const master = new OpenHpcMaster(stack, "master", { cloud: new LocalCloud({ internet }), image });
      new ComputePool(stack, "cpu", { master, nodes: 1, image });
    });
  expect(make(false, "debian-13")).toThrow(
    'image is "debian-13", but must be left out where internet is false: a stock machine has no way to fetch its software then',
  );
  for (const right of [make(false), make(false, "localhost/own:1"), make(true, "debian-13")])
    expect(right).not.toThrow();
});

describe("a private master", () => {
  const told = (cloud: Cloud, image?: string): string => {
    try {
      synthesize((stack) => {
        const master = new OpenHpcMaster(stack, "master", { cloud, image });
        new ComputePool(stack, "cpu", { master, nodes: 1, image });
      });
      return "";
    } catch (error) {
      return String(error);
    }
  };
  const aws = (more: Partial<AwsCloudProps>) => new AwsCloud({ region: "us-east-1", access: operator, ...more });
  const azure = (more: Partial<AzureCloudProps>) => new AzureCloud({ location: "eastus", access: operator, ...more });

  it("is refused in a VPC of its own, where it would have no way in or out, with what works instead", () => {
    const said = told(aws({ publicAddress: false }));
    expect(said).toContain(
      "publicAddress is false, but must be true, or left out, in a VPC that is made for the cluster",
    );
    expect(said).toContain('access: { from: "ssm" } opens no port');
    expect(told(aws({ publicAddress: false, access: { ...operator, from: "ssm" } }))).toContain(
      "publicAddress is false",
    );
  });

  it("is refused in a virtual network of its own unless a Bastion is the way in", () => {
    expect(told(azure({ publicAddress: false }))).toContain("publicAddress is false, but must be true, or left out");
    expect(told(azure({ publicAddress: false, access: { ...operator, from: "bastion" } }))).toBe("");
  });

  it("is refused where it would be a stock machine without any way out", () => {
    const closed = () => azure({ access: { ...operator, from: "bastion" }, nat: "none" });
    expect(told(closed())).toContain('image is "debian-13", but must be an image with all software');
    expect(told(closed(), IMAGES.azure)).toBe("");
  });

  it("is one in a network that was there before, through the Session Manager, too", () => {
    const network = {
      vpcId: "vpc-0123456789abcdef0",
      masterSubnet: { id: "subnet-0123456789abcdef0", cidr: "172.31.0.0/28" },
      poolSubnet: { id: "subnet-0123456789abcdef1", cidr: "172.31.128.0/20" },
    };
    const addresses = (publicAddress?: boolean, from?: "ssm") => {
      const access = from === undefined ? operator : { ...operator, from };
      const { terraform } = synthesize((stack) => {
        const cloud = aws({ network, access, ...(publicAddress !== undefined && { publicAddress }) });
        const master = new OpenHpcMaster(stack, "master", { cloud, address: "172.31.0.10" });
        new ComputePool(stack, "cpu", { master, nodes: 1, addresses: "172.31.129.0/24" });
      });
      return Object.keys(terraform.resource?.["aws_eip"] ?? {}).length;
    };
    expect([addresses(), addresses(true), addresses(undefined, "ssm"), addresses(false, "ssm")]).toEqual([0, 1, 1, 0]);
  });
});
