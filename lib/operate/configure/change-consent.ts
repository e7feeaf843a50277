import { createHash } from "node:crypto";
import type { ClusterView } from "../../model/cluster-view";
import type { Remote } from "../exec/remote/remote";
import { agree, type Consenter } from "../feedback/consent";
import { refuseStronger } from "../feedback/max-effect";
import type { Report } from "../feedback/progress";
import { NOW, type Treatment } from "../feedback/treatment";
import { closeScope } from "../scheduler/close";
import { endJobsOn, undrain } from "../scheduler/drain";
import { inSpiteOfDamage } from "../scheduler/in-spite-of-damage";
import { jobsSeen, withNames } from "../scheduler/jobs";
import { waitUntilOver } from "../scheduler/settle";
import { refuseUncovered } from "../scheduler/treated";
import { type Consequences, consequencesOf, type Stakes, stakesOf } from "./consequences";
import type { PlannedStep } from "./run-steps";
import type { Effect } from "./step/step";
import { JOBS_TO_CANCEL } from "./steps/slurm-conf";

/** Who is asked before a plan takes something from people, and what they have agreed to already. */
export interface ChangeConsent {
  readonly consenter: Consenter;
  /** As it was typed: `ohpc up demo`. */
  readonly command: string;
  /** What makes it agreed to where nobody can be asked. @default - the command with --yes */
  readonly again?: string | undefined;
  /** What may be done to the running cluster at most. @default - anything */
  readonly maxEffect?: Effect | undefined;
  /** Scopes that somebody has agreed to lose: what is in them when it comes to it does not matter. */
  readonly agreed: Set<string>;
}

/** Jobs that a plan hits, with the names of those that are shown. Asks the master only if it could hit any. */
export async function lookAtStakes(
  consequences: Consequences,
  master: Remote,
  told: ReadonlySet<string> = new Set(),
  treatment: Treatment = NOW,
): Promise<Stakes> {
  const seen = await jobsSeen(askable(master, consequences));
  const stakes = stakesOf(consequences, seen, told, treatment);
  const { hits } = stakes;
  if ("unknown" in seen || hits.length === 0) return stakes;
  const jobs = await withNames(
    askable(master, consequences),
    seen.jobs,
    hits.map(({ job }) => job),
  );
  return stakesOf(consequences, { ...seen, jobs }, told, treatment);
}

/** A plan that somebody has agreed to, with what it takes closed to new jobs. */
export interface Agreed {
  /** Opens it again, for a plan that was not carried out; it never fails. */
  open(): Promise<void>;
  /** Gives back what had to be free of jobs only while it was carried out. */
  finish(): Promise<void>;
}

/**
 * Asks about what a plan would take from people, unless it was agreed to. What goes is closed to new jobs and looked at
 * again, so that nothing is lost that somebody brought meanwhile and nobody was asked about; then its jobs come to their
 * end, as it was agreed.
 *
 * @throws Failure of kind `consent`; then nothing is changed
 */
export async function agreeToPlan(
  plan: readonly PlannedStep[],
  cluster: ClusterView,
  master: Remote,
  { consenter, command, again = `${command} --yes`, maxEffect, agreed }: ChangeConsent,
  report?: Pick<Report, "detail">,
): Promise<Agreed> {
  const { treatment = NOW } = consenter;
  refuseStronger(
    plan.map(({ effect, step }) => ({ effect, words: step.title })),
    maxEffect,
  );
  const consequences = consequencesOf(plan, cluster);
  if (consequences === undefined) return { open: nothing, finish: nothing };
  const look = async () => lookAtStakes(consequences, master, new Set(), treatment);
  const ask = async () => {
    const stakes = await look();
    refuseUncovered(
      stakes.uncovered.map(({ job }) => job),
      treatment,
    );
    if (!stakes.scopes.every((scope) => agreed.has(scope))) {
      await agree(consenter, stakes.lines, `Change ${cluster.manifest.cluster} like this?`, again);
      for (const scope of stakes.scopes) agreed.add(scope);
    }
    return stakes;
  };
  const waitForJobs = async (seen: Stakes): Promise<Stakes> => {
    if (treatment.kind !== "wait" || !seen.hits.some(({ fate }) => fate === "waited")) return seen;
    await waitUntilOver(
      async () => {
        const { blind, hits } = await look();
        return blind ? undefined : hits;
      },
      treatment,
      report,
    );
    return ask();
  };
  const seen = await ask();
  const { slurm } = consequences;
  // Where slurmctld does not run, nothing comes in, and nobody could close anything: the steps start it.
  if (seen.blind) return { open: nothing, finish: nothing };
  if (slurm === undefined) {
    await waitForJobs(seen);
    return { open: nothing, finish: nothing };
  }
  const { restarted, scopes } = slurm;
  const controller = askable(master, consequences);
  const scope = { partitions: scopes.partitions, nodes: [...scopes.going, ...restarted] };
  const runsOut = treatment.kind === "wait";
  const closed = await closeScope(
    controller,
    { ...scope, runsOut },
    restarted.length > 0 ? "to restart slurmd" : undefined,
  );
  try {
    const isClosed = scope.partitions.length + scope.nodes.length > 0;
    if (isClosed || seen.hits.length > 0) {
      const now = await waitForJobs(isClosed ? await ask() : seen);
      await writeJobsToCancel(master, slurm.after, now);
    }
    if (restarted.length > 0) await endJobsOn(controller, restarted);
  } catch (error) {
    await closed.open();
    throw error;
  }
  const staying = closed.drained.filter((host) => restarted.includes(host));
  return { open: async () => closed.open(), finish: async () => undrain(master, staying) };
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
