import { type Cloud, ComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { synthesize } from "cdktf-openhpc/testing";
import type { Construct } from "constructs";
import { awsGpu } from "../../stacks/aws-gpu";
import { azureGpu } from "../../stacks/azure-gpu";
import { operator } from "../../stacks/operator";

/** Warnings of a stack, each with the path of what it is about. */
function warned(define: (scope: Construct) => void): readonly string[] {
  let warnings: readonly string[] = [];
  synthesize((stack) => {
    define(stack);
    warnings = stack.node
      .findAll()
      .flatMap(({ node }) =>
        node.metadata.flatMap(({ type, data }) => (type === "@cdktf/warn" ? [`${node.id}: ${String(data)}`] : [])),
      );
  });
  return warnings;
}

const message = (image: string, system: string): string =>
  `machines of the image "${image}" are ${system}, and the roles converge only Debian 13 yet: they do not come up ` +
  "unless their image brings the cluster's software; give them one of your own that does";

describe.each<{ cloud: (image?: string) => Cloud; image: string; system: string; own: string }>([
  {
    cloud: (image) => new AwsCloud({ region: "us-east-1", access: operator, ...(image !== undefined && { image }) }),
    image: "aws-gpu",
    system: "Ubuntu 24.04",
    own: "self/gpu-node-*",
  },
  {
    cloud: (image) => new AzureCloud({ location: "eastus", access: operator, ...(image !== undefined && { image }) }),
    image: "azure-hpc",
    system: "Ubuntu 22.04",
    own: "Debian:debian-13:13-gen2",
  },
])("machines of $image, which the roles do not converge yet", ({ cloud, image, system, own }) => {
  const pool =
    (image: string, ofCloud?: string) =>
    (scope: Construct): void => {
      const master = new OpenHpcMaster(scope, "master", { cloud: cloud(ofCloud) });
      new ComputePool(scope, "cpu", { master, nodes: 2, image });
    };

  it("are warned of once for each pool", () => {
    expect(warned(pool(image))).toEqual([`cpu: ${message(image, system)}`]);
  });

  it("are warned of as master, too, where the cloud's image is that", () => {
    expect(warned(pool(own, image))).toEqual([`master: ${message(image, system)}`]);
  });

  it("are not meant by Debian 13 or by an image of one's own", () => {
    expect([...warned(pool("debian-13")), ...warned(pool(own))]).toEqual([]);
  });
});

it("the example stacks with GPUs are warned of the vendors' images", () => {
  expect(warned(awsGpu)).toEqual([`train: ${message("aws-gpu", "Ubuntu 24.04")}`]);
  const hpc = message("azure-hpc", "Ubuntu 22.04");
  expect(warned(azureGpu)).toEqual([`train: ${hpc}`, `mpi: ${hpc}`]);
});
