import { ComputePool, GpuComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AzureCloud, AzureMachine } from "cdktf-openhpc/azure";
import type { Construct } from "constructs";
import { operator } from "./operator";

/** An image of one's own, in a gallery: with the drivers of GPUs and InfiniBand and the cluster's software. */
const HPC_IMAGE =
  "/subscriptions/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9/resourceGroups/images/providers/Microsoft.Compute/galleries/hpc/images/node";

/**
 * Training and MPI over InfiniBand, and spare capacity for what can wait. Nothing is open to the world: the way in is a
 * Bastion.
 */
export function azureGpu(scope: Construct): void {
  const cloud = new AzureCloud({
    location: "eastus",
    zone: "1",
    access: { sshPublicKey: operator.sshPublicKey, from: "bastion" },
    disks: { state: { type: "PremiumV2_LRS", iops: 6000, throughput: 250 }, home: { kind: "azure-files" } },
    tags: { project: "training" },
  });
  const home = new NfsDisk(scope, "home", { size: Size.tebibytes(1) });
  const master = new OpenHpcMaster(scope, "master", { cloud, home, machine: AzureMachine.of("Standard_D4s_v5") });
  new GpuComputePool(scope, "train", {
    master,
    nodes: 2,
    machine: AzureMachine.of("Standard_ND96isr_H100_v5"),
    image: HPC_IMAGE,
    rootDisk: Size.gibibytes(256),
  });
  new ComputePool(scope, "mpi", { master, nodes: 4, machine: "Standard_HB176rs_v4", image: HPC_IMAGE });
  new ComputePool(scope, "spare", {
    master,
    nodes: 8,
    machine: AzureMachine.of("Standard_F16s_v2", { spot: { maxHourly: 0.3 }, placementGroup: true }),
  });
}
