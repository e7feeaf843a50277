import { type Cloud, ComputePool, GpuComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { synthesize } from "cdktf-openhpc/testing";
import type { Construct } from "constructs";
import { operator } from "../../stacks/operator";

/** What is said of a stack that cannot be: nothing of one that can. */
function refused(define: (scope: Construct) => void): string {
  try {
    synthesize(define);
    return "";
  } catch (error) {
    return String(error);
  }
}

describe.each<{
  cloud: (image?: string) => Cloud;
  image: string;
  system: string;
  own: string;
  /** The same by other names. */
  others: readonly string[];
  /** A stock Debian 13 by other names. */
  debians: readonly string[];
}>([
  {
    cloud: (image) => new AwsCloud({ region: "us-east-1", access: operator, ...(image !== undefined && { image }) }),
    image: "aws-gpu",
    system: "Ubuntu 24.04",
    own: "self/ubuntu-gpu-node-*",
    others: [
      "amazon/Deep Learning Base OSS Nvidia Driver GPU AMI *",
      "amazon/al2023-ami-*-x86_64",
      "amazon/debian-12-amd64-*",
    ],
    debians: ["136693071363/debian-13-amd64-2026*", "amazon/debian-13-amd64-*", "aws-marketplace/debian-13-amd64-*"],
  },
  {
    cloud: (image) => new AzureCloud({ location: "eastus", access: operator, ...(image !== undefined && { image }) }),
    image: "azure-hpc",
    system: "Ubuntu 22.04",
    own: "/subscriptions/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9/resourceGroups/x/providers/Microsoft.Compute/galleries/g/images/ubuntu-node",
    others: ["microsoft-dsvm:ubuntu-hpc:2204", "Debian:debian-12:12-gen2", "almalinux:almalinux-hpc:9-hpc-gen2:latest"],
    debians: ["Debian:debian-13:13-gen2:0.20260914.2601", "debian:debian-13-daily:13-gen2"],
  },
])(
  "machines that would never become nodes, on the cloud of $image,",
  ({ cloud, image, system, own, others, debians }) => {
    const pool =
      (of: string | undefined, ofCloud?: string, Pool: typeof ComputePool | typeof GpuComputePool = ComputePool) =>
      (scope: Construct): void => {
        const master = new OpenHpcMaster(scope, "master", { cloud: cloud(ofCloud) });
        new Pool(scope, "pool", { master, nodes: 2, image: of });
      };
    const other = `image is "${image}", but must be an image of Debian 13, or one that brings`;

    it("are refused where the image is one that the roles do not converge, with what works instead", () => {
      const said = refused(pool(image));
      expect(said).toContain(`ComputePool "demo/pool"`);
      expect(said).toContain(`${other} the cluster's software: this one is ${system}`);
      expect(said).toMatch(/an image of your own that has the cluster's software works: image: "/);
    });

    it("are refused by every name of such an image that tells it", () => {
      for (const name of others)
        expect(refused(pool(name))).toContain(`image is "${name}", but must be an image of Debian 13`);
    });

    it("are refused as master, too, where the cloud's image is that", () => {
      expect(refused(pool(own, image))).toContain(other);
    });

    it("are refused with GPUs where the image is a stock Debian, which has no driver", () => {
      for (const named of ["debian-13", undefined, ...debians]) {
        const said = refused(pool(named, undefined, GpuComputePool));
        expect(said).toContain(`image is "${named ?? "debian-13"}", but must be an image with NVIDIA's driver`);
        expect(said).toMatch(
          /an image of your own that has NVIDIA's driver and the cluster's software works: image: "/,
        );
      }
      expect(refused(pool(image, undefined, GpuComputePool))).toContain(other);
    });

    it("are not meant by Debian 13 without GPUs, or by an image of one's own", () => {
      const right = [pool("debian-13"), ...debians.map((name) => pool(name)), pool(own)];
      expect([...right, pool(own, undefined, GpuComputePool)].map(refused).join("")).toBe("");
    });
  },
);
