import type { Duration } from "../../units";

/** An ordinary batch job, as an ordinary user would write it. */
export interface BatchJob {
  readonly name: string;
  readonly partition: string;
  readonly nodes: number;
  readonly tasksPerNode: number;
  /** More than one hardware thread per core, of which a task may use only one. */
  readonly threaded: boolean;
  readonly timeLimit: Duration;
  readonly environment?: Readonly<Record<string, string>>;
  /** What the tasks run. */
  readonly command: string;
}

/** Where a job writes, in the directory it was submitted from. */
export const JOB_OUTPUT = "output.txt";

export function renderBatchScript(job: BatchJob): string {
  const options = [
    `--job-name=${job.name}`,
    `--partition=${job.partition}`,
    `--nodes=${job.nodes}`,
    `--ntasks-per-node=${job.tasksPerNode}`,
    ...(job.threaded ? ["--ntasks-per-core=1"] : []),
    `--time=${job.timeLimit.toSlurm()}`,
    `--output=${JOB_OUTPUT}`,
    "--open-mode=truncate",
  ];
  const variables = Object.entries(job.environment ?? {}).map(([name, value]) => `export ${name}=${value}`);
  return [
    "#!/bin/bash",
    ...options.map((option) => `#SBATCH ${option}`),
    ...variables,
    `srun --mpi=pmix ${job.command}`,
    "",
  ].join("\n");
}
