import { setTimeout as sleep } from "node:timers/promises";
import { Duration } from "../../units";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import { type Job, jobsOn, unfinishedJobs, withNames } from "./jobs";

/** What a wait shows meanwhile: the jobs that still run there, or why nobody can tell. */
export type StillThere = { readonly jobs: readonly Job[] } | { readonly unknown: string };

export interface FreeOptions {
  readonly limit: Duration;
  readonly onSeen: (seen: StillThere) => void;
  /** Between two looks. @default 2 seconds */
  readonly pause?: Duration;
}

/**
 * Waits until no job has anything left on these nodes. A master that is silent meanwhile is asked again.
 *
 * @returns the jobs that are there when the time is over; none: they are free
 * @throws RemoteError or Failure if the master does not tell until then
 */
export async function untilFree(
  master: Remote,
  hosts: readonly string[],
  { limit, onSeen, pause = Duration.seconds(2) }: FreeOptions,
): Promise<readonly Job[]> {
  const deadline = Date.now() + limit.toMilliseconds();
  for (;;) {
    try {
      const jobs = jobsOn((await unfinishedJobs(master)).jobs, hosts);
      onSeen({ jobs });
      if (jobs.length === 0) return [];
      if (Date.now() >= deadline) return await withNames(master, jobs);
    } catch (error) {
      const silent = error instanceof Failure || (error instanceof RemoteError && error.failure === "unreachable");
      if (!silent || Date.now() >= deadline) throw error;
      onSeen({ unknown: error.message });
    }
    await sleep(Math.max(0, Math.min(pause.toMilliseconds(), deadline - Date.now())));
  }
}
