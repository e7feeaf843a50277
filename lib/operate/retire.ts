import { drain, type DrainOptions, operator } from "./aside";
import { MASTER_PATIENCE } from "./consent";
import { count } from "./count";
import { lockMaster, lockOwner } from "./lock";
import { masterOf, type Way } from "./master";
import { nodesOf } from "./nodes";
import type { Progress } from "./progress";
import { RemoteError } from "./remote/remote";

export interface Retirement extends Pick<DrainOptions, "agreed" | "agreeTo"> {
  /** Machines that are about to be replaced or destroyed; those that are no nodes do not matter here. */
  readonly hosts: readonly string[];
  /** What other operators are told who find the master locked. */
  readonly command: string;
}

/**
 * Tells Slurm of nodes whose machines go: it starts no job there any more, and those that run end now and return to the
 * queue, if they may. Otherwise it would believe for minutes that they run on. Nodes that come back are given back to it
 * when they are ready (`nodesReady`). A master that does not answer is told nothing.
 *
 * @throws Failure of kind `busy`, or whatever `agreeTo` throws; then the nodes are as they were
 */
export async function retire(
  way: Way,
  { hosts, command, agreed, agreeTo }: Retirement,
  progress: Progress,
): Promise<void> {
  const going = nodesOf(way.manifest).flatMap(({ host }) => (hosts.includes(host) ? [host] : []));
  if (going.length === 0) return;
  const title = `Drain ${count(going.length, "node")}`;
  await progress.phase(title, async (report) => {
    const master = masterOf(way, MASTER_PATIENCE);
    try {
      const lock = await lockMaster(way.manifest.cluster, master, lockOwner(command));
      try {
        const why = `to replace or remove the machine, by ${operator()}`;
        const ended = await drain(master, going, { why, agreed, agreeTo });
        if (ended.length > 0) report.title(`${title}, whose ${count(ended.length, "job")} ended`);
      } finally {
        await lock.release();
      }
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      const who = error.failure === "failed" ? "Slurm" : way.manifest.master.host;
      report.title(`${title}: ${who} does not answer, and was not told`);
    } finally {
      // The master may be one of the machines that go.
      await master.close();
    }
  });
}
