import type { Construct } from "constructs";
import type { Cloud, MachineGroup } from "../clouds/cloud";
import type { VendorMachine } from "../model/machine";
import { bag, type PropertyNames, TEXT } from "../model/properties";
import { ComputePool, type ComputePoolOptions, type ComputePoolProps, POOL_NAMES } from "./compute-pool";
import type { OpenHpcMaster } from "./open-hpc-master";

export interface GpuComputePoolOptions extends ComputePoolOptions {
  /**
   * What Slurm hands out of each machine's GPUs.
   *
   * @default - all of them, under the type that the vendor's catalogue says
   * @onChange reconfigures Slurm; with another `count` it aborts jobs that have GPUs there: they go back into the queue, or
   * end. `ohpc` names them and asks
   */
  readonly gpus?: GpuOptions;
}

export interface GpuOptions {
  /**
   * How many, from the first on.
   *
   * @default - as many as the machine has
   * @onChange reconfigures Slurm, which aborts jobs that have GPUs there: they go back into the queue, or end. `ohpc` names
   * them and asks
   */
  readonly count?: number;

  /**
   * Slurm's GRES type, which jobs may ask for: `--gres=gpu:a10g:1`.
   *
   * @default - from the vendor's catalogue
   * @onChange reconfigures Slurm; jobs that run go on
   */
  readonly type?: string;
}

export interface GpuComputePoolProps<M extends MachineGroup = MachineGroup>
  extends ComputePoolProps<M>, GpuComputePoolOptions {}

const GPU_NAMES = { count: true, type: TEXT } satisfies PropertyNames<GpuOptions>;
export const GPU_POOL_NAMES = {
  ...POOL_NAMES,
  gpus: bag(GPU_NAMES),
} satisfies PropertyNames<GpuComputePoolProps, OpenHpcMaster | Cloud | VendorMachine>;

/** A compute pool whose machines have GPUs; jobs get them by asking: `srun --gres=gpu:1`. */
export class GpuComputePool<M extends MachineGroup = MachineGroup> extends ComputePool<M> {
  /** @throws ConfigurationError naming everything that is wrong with it */
  constructor(scope: Construct, id: string, props: GpuComputePoolProps<M>) {
    super(scope, id, props, GPU_POOL_NAMES);
  }
}
