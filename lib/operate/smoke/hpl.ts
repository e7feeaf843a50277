import { Duration } from "../../units";
import type { Remote } from "../exec/remote/remote";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Progress, Report } from "../feedback/progress";
import type { Placement } from "../scheduler/placement";
import { renderBatchScript } from "./batch-script";
import { YIELD } from "./hello";
import { renderHplDat } from "./hpl-dat";
import { hplGrid } from "./hpl-grid";
import { type HplRun, readHplOutput } from "./hpl-output";
import { BLOCK_SIZE, largestByMemory, largestByTime } from "./hpl-size";
import { type FinishedJob, runJob } from "./job";

export interface HplOptions {
  readonly user: string;
  readonly placement: Placement;
  /** What the run may be predicted to take; absent: as large as memory allows. */
  readonly seconds?: number;
  /** A scaled residual above it is a wrong result. @default HPL's own 16 */
  readonly threshold?: number;
  readonly deadline: Duration;
}

export interface HplResult extends HplRun {
  readonly partition: string;
  readonly nodes: number;
  readonly hosts: string;
  readonly job: string;
  readonly directory: string;
}

const XHPL = "/opt/ohpc/pub/hpl/bin/xhpl";

/** Large enough for a rate that means something, small enough to take a second or two: the rate grows with the size. */
const CALIBRATION_SIZE = 12 * BLOCK_SIZE;

/**
 * Runs High Performance Linpack as an ordinary user: one rank per core, one BLAS thread each.
 * A small run first tells the rate from which the size of the real one is chosen.
 *
 * @throws Failure of kind `proof` if the solution is wrong
 */
export async function smokeHpl(master: Remote, options: HplOptions, progress: Progress): Promise<HplResult> {
  const { placement, seconds } = options;
  const { nodes, partition, memoryPerNodeMebibytes } = placement;
  const byMemory = largestByMemory(nodes * memoryPerNodeMebibytes * 1024 * 1024);
  let size = byMemory;
  if (seconds !== undefined) {
    const trial = Math.min(CALIBRATION_SIZE, byMemory);
    const { gflops } = await progress.phase(`HPL calibration, N = ${trial}`, (report) =>
      run(master, trial, options, report),
    );
    // Never smaller than the trial: that one has shown that it fits.
    size = Math.min(byMemory, Math.max(trial, largestByTime(seconds, gflops)));
  }
  return progress.phase(`HPL on ${count(nodes, "node")} of partition ${partition}, N = ${size}`, (report) =>
    run(master, size, options, report),
  );
}

async function run(master: Remote, size: number, options: HplOptions, report: Report): Promise<HplResult> {
  const { placement, user, threshold, deadline, seconds } = options;
  const { partition, nodes, coresPerNode, threaded, sharesCores } = placement;
  const grid = hplGrid(nodes * coresPerNode);
  const script = renderBatchScript({
    name: "ohpc-hpl",
    partition,
    nodes,
    tasksPerNode: coresPerNode,
    threaded,
    timeLimit: seconds === undefined ? Duration.hours(12) : Duration.minutes(30),
    environment: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", ...(sharesCores && YIELD) },
    command: XHPL,
  });
  const dat = renderHplDat({ size, block: BLOCK_SIZE, grid, threshold });
  const job = await runJob(master, { name: "hpl", user, script, files: { "HPL.dat": dat }, deadline }, report);
  const measured = judge(job, size);
  return { ...measured, partition, nodes, hosts: job.nodes, job: job.id, directory: job.directory };
}

function judge({ id, directory, output }: FinishedJob, size: number): HplRun {
  const wrong = (message: string) =>
    new Failure("proof", `HPL (job ${id}) is wrong: ${message}`, {
      code: "smoke.hpl-wrong",
      remedy: `look at ${directory} on the master`,
      output: output.split("\n").slice(-20),
    });
  const reading = readHplOutput(output);
  if ("problem" in reading) throw wrong(reading.problem);
  if (reading.run.size !== size) throw wrong(`it solved N = ${reading.run.size}, not ${size}`);
  if (!reading.run.passed) throw wrong(`the residual ${reading.run.residual} FAILED the check`);
  return reading.run;
}
