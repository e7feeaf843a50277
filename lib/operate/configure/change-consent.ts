import { createHash } from "node:crypto";
import type { ClusterView } from "../../model/cluster-view";
import type { Remote } from "../exec/remote/remote";
import { agree, type Consenter } from "../feedback/consent";
import { closeScope } from "../scheduler/close";
import { inSpiteOfDamage } from "../scheduler/in-spite-of-damage";
import { jobsSeen, withNames } from "../scheduler/jobs";
import { type Consequences, consequencesOf, type Stakes, stakesOf } from "./consequences";
import type { PlannedStep } from "./run-steps";
import { JOBS_TO_CANCEL } from "./steps/slurm-conf";

/** Who is asked before a plan takes something from people, and what they have agreed to already. */
export interface ChangeConsent {
  readonly consenter: Consenter;
  /** As it was typed: `ohpc up demo`. */
  readonly command: string;
  /** Scopes that somebody has agreed to lose: what is in them when it comes to it does not matter. */
  readonly agreed: Set<string>;
}

/** Jobs that a plan hits, with the names of those that are shown. Asks the master only if it could hit any. */
export async function lookAtStakes(
  consequences: Consequences,
  master: Remote,
  told: ReadonlySet<string> = new Set(),
): Promise<Stakes> {
  const seen = await jobsSeen(askable(master, consequences));
  const { hits } = stakesOf(consequences, seen, told);
  if ("unknown" in seen || hits.length === 0) return stakesOf(consequences, seen, told);
  const jobs = await withNames(
    askable(master, consequences),
    seen.jobs,
    hits.map(({ job }) => job),
  );
  return stakesOf(consequences, { ...seen, jobs }, told);
}

/**
 * Asks about what a plan would take from people, unless it was agreed to. What goes is closed to new jobs and looked at
 * again, so that nothing is lost that somebody brought meanwhile and nobody was asked about.
 *
 * @returns what opens it again, for a plan that is not carried out; it never fails
 * @throws Failure of kind `consent`; then nothing is changed
 */
export async function agreeToPlan(
  plan: readonly PlannedStep[],
  cluster: ClusterView,
  master: Remote,
  { consenter, command, agreed }: ChangeConsent,
): Promise<() => Promise<void>> {
  const consequences = consequencesOf(plan, cluster);
  if (consequences === undefined) return nothing;
  const ask = async () => {
    const stakes = await lookAtStakes(consequences, master);
    if (!stakes.scopes.every((scope) => agreed.has(scope))) {
      await agree(consenter, stakes.lines, `Change ${cluster.manifest.cluster} like this?`, `${command} --yes`);
      for (const scope of stakes.scopes) agreed.add(scope);
    }
    return stakes;
  };
  const seen = await ask();
  const { slurm } = consequences;
  // Where slurmctld does not run, nothing comes in, and nobody could close anything: the steps start it.
  if (slurm === undefined || seen.blind) return nothing;
  const { partitions, going: nodes } = slurm.scopes;
  const open = await closeScope(askable(master, consequences), { partitions, nodes });
  try {
    const closed = partitions.length + nodes.length > 0;
    if (closed || seen.hits.length > 0) await writeJobsToCancel(master, slurm.after, closed ? await ask() : seen);
    return open;
  } catch (error) {
    await open();
    throw error;
  }
}

/**
 * For the step that installs the new slurm.conf, and for no other file: it cancels them once it is known that Slurm takes
 * it. A run that dies before leaves them behind, and the next may want something else.
 */
async function writeJobsToCancel(master: Remote, slurmConf: string, { hits }: Stakes): Promise<void> {
  const cancelled = hits.filter(({ fate, scope }) => fate === "cancelled" && !scope.startsWith("user "));
  // Tasks of an array that wait are named by the whole of it: all its tasks are in the same place.
  const ids = new Set(cancelled.map(({ job }) => job.id.replace(/_\[.*$/, "")));
  const file = createHash("sha256").update(slurmConf).digest("hex");
  await master.write(JOBS_TO_CANCEL, [file, ...ids].map((line) => `${line}\n`).join(""), "0600");
}

function askable(master: Remote, { slurm }: Consequences): Remote {
  return slurm === undefined ? master : inSpiteOfDamage(master, slurm.after);
}

async function nothing(): Promise<void> {
  return Promise.resolve();
}
