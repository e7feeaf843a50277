import { type Cloud, ComputePool, GpuComputePool, NfsDisk, OpenHpcMaster, Size, Users } from "cdktf-openhpc";
import type { Construct } from "constructs";

/**
 * One master, a partition of two nodes, and one of two nodes with GPUs, unless there are none: in a vendor's cloud they
 * need an image with the driver, which a stock Debian is not. The same on every cloud.
 */
export function cluster(
  scope: Construct,
  cloud: Cloud,
  gpus: { readonly image?: string } | "none" = {},
): OpenHpcMaster {
  const home = new NfsDisk(scope, "home", { size: Size.gibibytes(200) });
  const users = Users.fromFile("stacks/users.yaml");
  const master = new OpenHpcMaster(scope, "master", { cloud, home, machine: "small", users });
  new ComputePool(scope, "cpu", { master, nodes: 2, machine: "medium" });
  if (gpus !== "none") new GpuComputePool(scope, "gpu", { master, nodes: 2, machine: "gpu", image: gpus.image });
  return master;
}
