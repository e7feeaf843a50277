import { hostname, userInfo } from "node:os";
import { textBeside } from "../../package/text-beside";
import { foldHosts } from "../../slurm/hostlist";
import type { Remote } from "../exec/remote/remote";
import type { Report } from "../feedback/progress";
import { NOW, type Treatment } from "../feedback/treatment";
import { type Job, jobsOn, jobsSeen, unfinishedJobs } from "./jobs";
import { type Hit, jobsHitByMachines } from "./jobs-hit";
import { waitUntilOver } from "./settle";
import { refuseUncovered, treated } from "./treated";

/** What Slurm's reason begins with for nodes whose machines `ohpc` stops or replaces: only those are resumed again. */
export const STOP_REASON = "ohpc stop";

/** What the reason begins with that a node's own unit gives, and takes back when it is mended (converge.sh). */
export const UNIT_REASON = "ohpc: ";

/** What the reason begins with of nodes that Slurm drained because of our own srun; the next run gives them back (ready.sh). */
export const ASKED_REASON = "ohpc up: ";

/** For people: who is at this machine, e.g. `alice@laptop`. */
export function operator(): string {
  return `${userInfo().username}@${hostname()}`;
}

export interface DrainOptions {
  /** What for and by whom, behind the beginning of the reason: `by alice@laptop`. */
  readonly why: string;
  /** Jobs that somebody has agreed to lose. */
  readonly agreed: readonly Job[];
  /** Asked about jobs that began meanwhile. @throws Failure if nobody agrees; then nodes are as they were */
  readonly agreeTo: (fresh: readonly Job[]) => Promise<void>;
  /** What becomes of the jobs. @default now */
  readonly treatment?: Treatment | undefined;
  /** Which jobs that are. @default - those that lose a node which comes back */
  readonly hitsOf?: ((jobs: readonly Job[]) => readonly Hit[]) | undefined;
  readonly report?: Pick<Report, "detail"> | undefined;
}

/**
 * Drains nodes that nobody has drained: Slurm gives them no more jobs, and does not call them failed. Jobs that run there
 * end, and are returned; or they are waited for.
 *
 * @throws Failure of kind `consent` if a job is not covered, or not over in time; then nodes are as they were
 */
export async function drain(
  master: Remote,
  hosts: readonly string[],
  {
    why,
    agreed,
    agreeTo,
    treatment = NOW,
    hitsOf = (jobs) => jobsHitByMachines(jobs, { forGood: [], anew: hosts }),
    report,
  }: DrainOptions,
): Promise<readonly Job[]> {
  const drained = await holdBack(master, hosts, why);
  try {
    const { jobs } = await unfinishedJobs(master);
    const { uncovered } = treated(hitsOf(jobs), treatment, jobs);
    refuseUncovered(
      uncovered.map(({ job }) => job),
      treatment,
    );
    if (treatment.kind === "wait") {
      await waitUntilOver(
        async () => {
          const seen = await jobsSeen(master);
          return "unknown" in seen ? undefined : treated(hitsOf(seen.jobs), treatment, seen.jobs).hits;
        },
        treatment,
        report,
      );
      return [];
    }
    const now = jobsOn(jobs, hosts);
    const known = new Set(agreed.map(({ id }) => id));
    const fresh = now.filter(({ id }) => !known.has(id));
    if (fresh.length > 0) await agreeTo(fresh);
    if (now.length > 0) await endJobsOn(master, hosts);
    return now;
  } catch (error) {
    await undrain(master, drained);
    throw error;
  }
}

/** Drains nodes that nobody has drained, and returns them: nothing starts there any more, what runs there goes on. */
export async function holdBack(master: Remote, hosts: readonly string[], why: string): Promise<readonly string[]> {
  const printed = await runDrainScript(master, "drain", hosts, `${STOP_REASON} ${why}`);
  return printed.trim().split(",").filter(Boolean);
}

/** Ends what runs on nodes that are drained: batch jobs go back into the queue, if they may. */
export async function endJobsOn(master: Remote, hosts: readonly string[]): Promise<void> {
  await runDrainScript(master, "end", hosts, STOP_REASON);
}

/** Lets Slurm use nodes again that were drained by `drain`, and no others. */
export async function undrain(master: Remote, hosts: readonly string[]): Promise<void> {
  await runDrainScript(master, "undrain", hosts, STOP_REASON);
}

async function runDrainScript(
  master: Remote,
  action: "drain" | "end" | "undrain",
  hosts: readonly string[],
  reason: string,
): Promise<string> {
  if (hosts.length === 0) return "";
  const text = textBeside(__dirname, "node-rows.sh") + textBeside(__dirname, "drain.sh");
  return master.run(text, { args: [action, foldHosts(hosts), reason] });
}
