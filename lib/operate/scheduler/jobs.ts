import { expandHosts } from "../../slurm/hostlist";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import { slurmctldSilent } from "./silence";

/** A job that is not over. */
export interface Job {
  readonly id: string;
  readonly user: string;
  /** As Slurm calls it: `RUNNING`, `PENDING`… */
  readonly state: string;
  readonly name: string;
  /** Where it runs; none while it waits. */
  readonly hosts: readonly string[];
}

/**
 * All jobs that are not over, as the master tells them.
 *
 * @throws Failure with the code `slurmctld.silent` where slurmctld runs and does not answer
 */
export async function unfinishedJobs(master: Remote): Promise<readonly Job[]> {
  // One that hangs would be waited for a minute, more than once.
  const asked = master.run("timeout 10 squeue --all --noheader --format='%i|%u|%T|%N|%j'");
  return readJobs(
    await asked.catch((error: unknown) => {
      throw error instanceof RemoteError && error.exitCode === TIMED_OUT ? slurmctldSilent(master.host) : error;
    }),
  );
}

/** What timeout(1) ends with. */
const TIMED_OUT = 124;

export function readJobs(printed: string): readonly Job[] {
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      // A job's name comes last: it may hold anything.
      const [id = "", user = "", state = "", nodes = "", ...name] = line.split("|");
      return { id, user, state, name: name.join("|"), hosts: expandHosts(nodes) };
    });
}

/** Jobs that would end if these hosts went. */
export function jobsOn(jobs: readonly Job[], hosts: readonly string[]): readonly Job[] {
  const lost = new Set(hosts);
  return jobs.filter((job) => job.hosts.some((host) => lost.has(host)));
}

/** One line for people: `12 alice RUNNING cpu-1,cpu-2 train`. */
export function describeJob({ id, user, state, hosts, name }: Job): string {
  return [id, user, state, hosts.join(","), name].filter((word) => word !== "").join(" ");
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
    if (error instanceof Failure) return { unknown: `${error.message}: jobs may be running` };
    return { unknown: `${master.host} does not answer: jobs may be running` };
  }
}

/** Jobs that end with their machines; whether there is a queue for them to go back to. Pure. */
export function describeEnding(jobs: readonly Job[], queueStays = true): readonly string[] {
  if (jobs.length === 0) return ["no job runs on these machines"];
  return [
    `jobs that would end${queueStays ? "; batch jobs go back into the queue and start anew" : ""}:`,
    ...jobs.map((job) => `  ${describeJob(job)}`),
  ];
}
