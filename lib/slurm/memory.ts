/** Kernel and firmware keep some of what the vendor advertises; slurmd that finds less than promised drains its node. */
const PROMISED_PERCENT = 95;

/** For sshd, slurmd, munged, node exporter and the page cache that they need. */
const KEPT_MEBIBYTES = 256;

/** What of a machine Slurm counts. */
export interface CountedShape {
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  readonly memoryMebibytes: number;
}

/** `RealMemory` in MiB: what slurm.conf promises of the memory that is advertised. */
export function realMemory({ memoryMebibytes }: Pick<CountedShape, "memoryMebibytes">): number {
  return Math.max(1, Math.floor((memoryMebibytes * PROMISED_PERCENT) / 100) - KEPT_MEBIBYTES);
}

export function cpusOf({ sockets, coresPerSocket, threadsPerCore }: CountedShape): number {
  return sockets * coresPerSocket * threadsPerCore;
}

/** `DefMemPerCPU` in MiB: a job that says nothing gets its CPUs' share, on the machines that have least. */
export function defMemPerCpu(shapes: readonly CountedShape[]): number | undefined {
  const shares = shapes.map((shape) => Math.max(1, Math.floor(realMemory(shape) / cpusOf(shape))));
  return shares.length === 0 ? undefined : Math.min(...shares);
}
