export type { OpenHpcMasterProps, SlurmOptions, StateDiskOptions } from "./constructs/master-props";
export type { Cloud, Host, MachineGroup, Site } from "./clouds/cloud";
export { ComputePool, type ComputePoolOptions, type ComputePoolProps } from "./constructs/compute-pool";
export {
  GpuComputePool,
  type GpuComputePoolOptions,
  type GpuComputePoolProps,
  type GpuOptions,
} from "./constructs/gpu-compute-pool";
export { NfsDisk, type NfsDiskProps } from "./constructs/nfs-disk";
export { OpenHpcMaster } from "./constructs/open-hpc-master";
export type { PartitionOptions } from "./constructs/partitions";
export { type GroupOptions, type UserOptions, Users } from "./constructs/users";
export type { AddressChoice } from "./model/addresses";
export type { MachineChoice, NeutralSize, VendorMachine } from "./model/machine";
export { ConfigurationError, type Problem } from "./model/problems";
export { Duration, Size } from "./units";
