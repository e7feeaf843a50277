import type { Manifest } from "../model/manifest";
import { expandHosts } from "../slurm/hostlist";
import { Duration } from "../units";
import { Failure } from "./failure";
import { describeJob, type Job, jobsOn, unfinishedJobs } from "./jobs";
import type { Remote } from "./remote/remote";
import type { PlannedChange } from "./terraform-plan";

/** Who may say yes to a loss: `--yes`, or somebody at a terminal. */
export interface Consenter {
  /** Said beforehand. */
  readonly yes: boolean;
  /** Shows the lines and asks; absent where nobody can be asked. */
  readonly ask?: (lines: readonly string[], question: string) => Promise<boolean>;
}

/** Jobs of a cluster that is about to lose something. */
export type JobsSeen = { readonly jobs: readonly Job[] } | { readonly unknown: string };

/** What jobs there are, if the master answers soon. */
export async function jobsSeen(master: Remote | undefined): Promise<JobsSeen> {
  if (master === undefined) return { jobs: [] };
  try {
    return { jobs: await unfinishedJobs(master) };
  } catch {
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
export async function agree(consenter: Consenter, lines: readonly string[], question: string, again: string): Promise<void> {
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
export function describeLosses(losses: readonly PlannedChange[], manifest: Manifest | undefined, seen: JobsSeen): readonly string[] {
  const fate = { replace: "replaced", delete: "destroyed", create: "created", update: "changed" } as const;
  const lines = losses.map(({ name, action, kind }) => `${name} (${kind}) would be ${fate[action]}${AFTERMATH[kind] ?? ""}`);
  const machines = losses.filter(({ kind }) => kind === "machine").map(({ name }) => name);
  if (machines.length === 0) return lines;
  if ("unknown" in seen) return [...lines, seen.unknown];

  const everything = manifest === undefined ? [] : manifest.pools.flatMap(({ hosts }) => expandHosts(hosts));
  const ending = jobsOn(seen.jobs, machines);
  const waiting = seen.jobs.filter(({ state }) => state === "PENDING").length;
  const masterGoes = manifest !== undefined && machines.includes(manifest.master.host);
  return [
    ...lines,
    ...(ending.length === 0 ? [`no job runs on ${machines.length < everything.length ? "them" : "the cluster"}`] : ["these jobs would end:"]),
    ...ending.map((job) => `  ${describeJob(job)}`),
    ...(waiting === 0 ? [] : [`${waiting} jobs wait in the queue, and stay in it`]),
    ...(masterGoes ? ["queue, accounts and job history are on the state disk, and stay"] : []),
  ];
}

const AFTERMATH: Partial<Record<PlannedChange["kind"], string>> = { disk: ", with all data on it", network: ", with all machines in it" };
