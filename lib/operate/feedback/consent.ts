import type { Manifest } from "../../model/manifest";
import { foldHosts } from "../../slurm/hostlist";
import { Duration } from "../../units";
import { count } from "./count";
import { Failure } from "./failure";
import { describeJob, type Job, jobsOn, unfinishedJobs } from "../scheduler/jobs";
import { type Remote, RemoteError } from "../exec/remote/remote";
import type { PlannedChange } from "../terraform/plan";

/** Who may say yes to a loss: `--yes`, or somebody at a terminal. */
export interface Consenter {
  /** Said beforehand. */
  readonly yes: boolean;
  /** Shows the lines and asks; absent where nobody can be asked. */
  readonly ask?: (lines: readonly string[], question: string) => Promise<boolean>;
}

/** Jobs of a cluster that is about to lose something. */
export type JobsSeen = { readonly jobs: readonly Job[] } | { readonly unknown: string };

/**
 * What jobs there are, if the master answers soon.
 *
 * @throws RemoteError if it refuses us: then it is there, and so are its jobs
 */
export async function jobsSeen(master: Remote | undefined): Promise<JobsSeen> {
  if (master === undefined) return { jobs: [] };
  try {
    return { jobs: await unfinishedJobs(master) };
  } catch (error) {
    if (error instanceof RemoteError && error.failure === "refused") throw error;
    return { unknown: `${master.host} does not answer: jobs may be running` };
  }
}

/** How long a master may take to answer, when nobody knows whether it is still there. */
export const MASTER_PATIENCE = Duration.seconds(3);

/**
 * Goes on only if somebody agrees to the losses.
 *
 * @throws Failure of kind `consent`
 */
export async function agree(
  consenter: Consenter,
  lines: readonly string[],
  question: string,
  again: string,
): Promise<void> {
  if (consenter.yes) return;
  if (consenter.ask !== undefined) {
    if (await consenter.ask(lines, question)) return;
    throw new Failure("consent", "nothing was changed: you did not agree", { code: "consent.refused" });
  }
  throw new Failure("consent", "this needs your consent; nothing was changed", {
    code: "consent.needed",
    remedy: `if this is what you want: ${again}`,
    output: lines,
  });
}

/** What people have to know before machines, disks or networks go. Pure. */
export function describeLosses(
  losses: readonly PlannedChange[],
  manifest: Manifest | undefined,
  seen: JobsSeen,
): readonly string[] {
  const lines = (["machine", "disk", "network", "other"] as const).flatMap((kind) =>
    (["replace", "delete"] as const).flatMap((action) => groupLine(kind, action, losses)),
  );
  const machines = losses.filter(({ kind }) => kind === "machine").map(({ name }) => name);
  if (machines.length === 0) return lines;
  if ("unknown" in seen) return [...lines, seen.unknown];

  const ending = jobsOn(seen.jobs, machines);
  const waiting = seen.jobs.filter(({ state }) => state === "PENDING").length;
  const masterGoes = manifest !== undefined && machines.includes(manifest.master.host);
  // Whoever loses the state disk loses everything that Slurm knows.
  const stateGoes = masterGoes && losses.some(({ kind }) => kind === "disk");
  return [
    ...lines,
    ...describeEnding(ending, !stateGoes),
    ...(waiting === 0
      ? []
      : [`jobs that wait in the queue: ${waiting}${stateGoes ? ", which would be lost" : ", which stay in it"}`]),
    ...(masterGoes && !stateGoes ? ["queue, accounts and job history are on the state disk, and stay"] : []),
  ];
}

/** Jobs that end with their machines; whether there is a queue for them to go back to. Pure. */
export function describeEnding(jobs: readonly Job[], queueStays = true): readonly string[] {
  if (jobs.length === 0) return ["no job runs on these machines"];
  return [
    `jobs that would end${queueStays ? "; batch jobs go back into the queue and start anew" : ""}:`,
    ...jobs.map((job) => `  ${describeJob(job)}`),
  ];
}

function groupLine(
  kind: "machine" | "disk" | "network" | "other",
  action: "replace" | "delete",
  losses: readonly PlannedChange[],
): string[] {
  const names = losses.filter((loss) => loss.kind === kind && loss.action === action).map(({ name }) => name);
  if (names.length === 0) return [];
  const [noun, aftermath] = NOUNS[kind];
  const who = kind === "machine" ? foldHosts(names) : names.join(", ");
  const fate = action === "replace" ? "would be replaced" : "would be destroyed";
  return [`${count(names.length, noun)} ${fate}${aftermath}: ${who}`];
}

const NOUNS = {
  machine: ["machine", ""],
  disk: ["disk", " with all data"],
  network: ["network", " with all machines in it"],
  other: ["resource", ""],
} as const;
