import type { Manifest } from "../../model/manifest";
import { type HoldingRemote, type Remote, RemoteError } from "../exec/remote/remote";
import { count } from "../feedback/count";
import type { Progress } from "../feedback/progress";
import { type NodeAddress, nodesOf } from "../hosts/nodes";
import { lockMaster, lockOwner } from "../lock/lock";
import { parseAnswers } from "../node/answers";
import { BUNDLE_DIRECTORY } from "../node/bundle-files";
import { drain, type DrainOptions, operator, undrain } from "../scheduler/drain";
import type { Job } from "../scheduler/jobs";

export interface Removal extends Pick<DrainOptions, "agreed" | "agreeTo" | "treatment" | "hitsOf"> {
  /** Machines that are about to be replaced or destroyed; those that are no nodes do not matter here. */
  readonly hosts: readonly string[];
  /** What other operators are told who find the master locked. */
  readonly command: string;
}

/**
 * Tells Slurm of nodes whose machines go: it starts no job there any more, and those that run end now and return to the
 * queue, if they may. Otherwise it would believe for minutes that they run on. Nodes that come back are undrained
 * when they are ready (`nodesReady`). A master that does not answer is told nothing.
 *
 * @returns what undrains those nodes that are there after all; it never fails
 * @throws Failure of kind `busy`, or whatever `agreeTo` throws; then the nodes are as they were
 * @throws RemoteError if the master refuses us
 */
export async function drainForRemoval(
  manifest: Manifest,
  master: HoldingRemote,
  { hosts, command, agreed, agreeTo, treatment, hitsOf }: Removal,
  progress: Progress,
): Promise<() => Promise<void>> {
  const going = nodesOf(manifest).filter(({ host }) => hosts.includes(host));
  if (going.length === 0) return nothing;
  const title = `Drain ${count(going.length, "node")}`;
  return progress.phase(title, async (report) => {
    try {
      const lock = await lockMaster(manifest.cluster, master, lockOwner(command));
      try {
        const why = `to replace or remove the machine, by ${operator()}`;
        const names = going.map(({ host }) => host);
        const ended = await drain(master, names, { why, agreed, agreeTo, treatment, hitsOf, report });
        if (ended.length > 0) report.title(`${title}: ${fatesOf(ended)}`);
      } finally {
        await lock.release();
      }
      return async () => undrainReady(master, going);
    } catch (error) {
      if (!(error instanceof RemoteError) || error.failure === "refused") throw error;
      const who = error.failure === "failed" ? "Slurm" : master.host;
      report.title(`${title}: ${who} does not answer, and was not told`);
      return nothing;
    }
  });
}

/** `2 jobs went back into the queue, 1 job ended`. */
function fatesOf(jobs: readonly Job[]): string {
  const back = jobs.filter(({ requeue }) => requeue === true).length;
  return [
    ...(back === 0 ? [] : [`${count(back, "job")} went back into the queue`]),
    ...(back === jobs.length ? [] : [`${count(jobs.length - back, "job")} ended`]),
  ].join(", ");
}

/** Those whose own units say that they are ready. What cannot be told any more must not hide why. */
async function undrainReady(master: Remote, nodes: readonly NodeAddress[]): Promise<void> {
  try {
    const printed = await master.run(`python3 ${BUNDLE_DIRECTORY}/current/ask.py state`, {
      input: nodes.map(({ address, host }) => `${address} ${host}\n`).join(""),
    });
    const ready = [...parseAnswers(printed, new Set(nodes.map(({ host }) => host)))].flatMap(([host, answer]) =>
      "ok" in answer && answer.ok ? [host] : [],
    );
    await undrain(master, ready);
  } catch {
    return;
  }
}

async function nothing(): Promise<void> {
  return Promise.resolve();
}
