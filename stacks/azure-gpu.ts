import { ComputePool, GpuComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AzureCloud, AzureMachine } from "cdktf-openhpc/azure";
import type { Construct } from "constructs";
import { operator } from "./operator";

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
    image: "azure-hpc",
    rootDisk: Size.gibibytes(256),
  });
  new ComputePool(scope, "mpi", { master, nodes: 4, machine: "Standard_HB176rs_v4", image: "azure-hpc" });
  new ComputePool(scope, "spare", {
    master,
    nodes: 8,
    machine: AzureMachine.of("Standard_F16s_v2", { spot: { maxHourly: 0.3 }, placementGroup: true }),
  });
}
