import { textBeside } from "../../package/text-beside";
import { Duration } from "../../units";
import type { Remote } from "../exec/remote/remote";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import type { Placement } from "../scheduler/placement";
import { renderBatchScript } from "./batch-script";
import { type HelloRun, readHelloOutput } from "./hello-output";
import { runJob } from "./job";

export interface HelloOptions {
  readonly user: string;
  /** One job for each. */
  readonly placements: readonly Placement[];
  readonly deadline: Duration;
}

export interface HelloResult extends HelloRun {
  readonly partition: string;
  readonly job: string;
  readonly directory: string;
}

/** Ranks on each node, where it has the cores: two also show that neighbours talk. */
const RANKS_PER_NODE = 2;

/**
 * Compiles an MPI program as an ordinary user and runs it over the nodes.
 *
 * @throws Failure of kind `proof` if not every rank said what it should
 */
export async function smokeHello(
  master: Remote,
  options: HelloOptions,
  progress: Progress,
): Promise<readonly HelloResult[]> {
  const results: HelloResult[] = [];
  for (const placement of options.placements) {
    results.push(
      await progress.phase(
        `MPI hello on ${count(placement.nodes, "node")} of partition ${placement.partition}`,
        (report) => hello(master, placement, options, report),
      ),
    );
  }
  return results;
}

async function hello(
  master: Remote,
  { partition, nodes, coresPerNode, threaded, sharesCores }: Placement,
  { user, deadline }: HelloOptions,
  report: Parameters<typeof runJob>[2],
): Promise<HelloResult> {
  const tasksPerNode = Math.min(RANKS_PER_NODE, coresPerNode);
  const script = renderBatchScript({
    name: "ohpc-hello",
    partition,
    nodes,
    tasksPerNode,
    threaded,
    timeLimit: Duration.minutes(5),
    environment: sharesCores ? YIELD : {},
    command: "./hello",
  });
  const { id, directory, output } = await runJob(
    master,
    { name: "hello", user, script, files: { "hello.c": source() }, compile: "mpicc -O2 -o hello hello.c", deadline },
    report,
  );
  const { problems, ...run } = readHelloOutput(output, { ranks: nodes * tasksPerNode, nodes });
  if (problems.length > 0) {
    throw new Failure("proof", `MPI hello on partition ${partition} is wrong: ${problems.join("; ")}`, {
      code: "smoke.hello-wrong",
      remedy: `look at ${directory} on the master`,
      output: output.split("\n").slice(-20),
    });
  }
  return { ...run, partition, job: id, directory };
}

/** Open MPI's ranks spin while they wait; where several share a core, each would keep the others from working. */
export const YIELD: Readonly<Record<string, string>> = { OMPI_MCA_mpi_yield_when_idle: "1" };

function source(): string {
  return textBeside(__dirname, "hello.c");
}
