import { pinNodes } from "../access/host-keys";
import { masterOf } from "../access/master";
import type { MasterAccess } from "../access/master-access";
import { inParallel } from "../exec/in-parallel";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { SshRemote } from "../exec/remote/ssh-remote";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { nodesOf } from "../hosts/nodes";
import { type HostIntroduction, introductionsIn } from "../node/introductions";

/** Each is a connection of its own through the master. */
const AT_ONCE = 16;

/**
 * Tells machines that were there before their cluster how to find it: over SSH, nodes through the master. Machines that
 * have been told already are left as they are; a cluster that has none of them takes no time.
 *
 * One that does not answer is noted, and left to whoever waits for nodes: it may have been told before.
 *
 * @returns the machines on which something was changed
 * @throws Failure naming every machine that could not be told, after all others were
 */
export async function introduceMachines(access: MasterAccess, progress: Progress): Promise<readonly string[]> {
  const introductions = introductionsIn(access.manifest);
  if (introductions.length === 0) return [];
  const title = `Introduce ${count(introductions.length, "machine")}`;
  return progress.phase(title, async (report) => {
    const master = masterOf(access);
    const told = new Set(introductions.map(({ host }) => host));
    await pinNodes(
      access,
      nodesOf(access.manifest).filter(({ host }) => told.has(host)),
    );
    const changed = await introduceAll(introductions, progress, async (one, work) => {
      if (one.role === "master") return work(master);
      const node = SshRemote.through(master, one);
      try {
        return await work(node);
      } finally {
        // The live connections of a whole cluster would stay for a minute.
        await node.close();
      }
    });
    report.title(`${title}: ${changed.length === 0 ? "nothing to change" : `${changed.length} did not know it yet`}`);
    return changed;
  });
}

/** How a machine is reached for as long as something is done on it. */
export type Reach = <T>(introduction: HostIntroduction, work: (remote: Remote) => Promise<T>) => Promise<T>;

/**
 * The same, whichever way machines are reached.
 *
 * @throws Failure
 */
export async function introduceAll(
  introductions: readonly HostIntroduction[],
  progress: Pick<Progress, "note">,
  reach: Reach,
): Promise<readonly string[]> {
  const changed: string[] = [];
  const refused: string[] = [];
  await inParallel(introductions, AT_ONCE, async (one) => {
    const { host, script, args } = one;
    try {
      if ((await reach(one, async (remote) => remote.run(script, { args }))) !== "") changed.push(host);
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      if (error.failure !== "unreachable") refused.push(`${host}: ${whyNot(error)}`);
      else progress.note(`${host} does not answer: if it does not know its cluster yet, run this again when it does`);
    }
  });
  if (refused.length > 0) {
    const all = count(introductions.length, "machine");
    throw new Failure("failed", `${refused.length} of ${all} could not be told how to find their cluster`, {
      code: "machines.not-introduced",
      remedy: "mend what is said of each, and run this again; the others have been told",
      output: refused,
    });
  }
  const order = introductions.map(({ host }) => host);
  return order.filter((host) => changed.includes(host));
}

function whyNot({ failure, output }: RemoteError): string {
  const last = output.split("\n").findLast((line) => line !== "") ?? "it did not say why";
  return failure === "refused" ? `it does not let us in, or shows another host key: ${last}` : last;
}
