import { isDeepStrictEqual } from "node:util";
import type { PlannedStep } from "../configure/run-steps";
import { isOver, type Job } from "../scheduler/jobs";

/**
 * What a cluster has of a user: `there`: all that the users file says; `not yet`: it has another account, or none;
 * `to go`: somebody who is in the file no more is not gone yet; `former`: gone.
 */
export type Standing = "there" | "not yet" | "to go" | "former";

interface SeenUser {
  readonly name: string;
  readonly uid: number;
  readonly [property: string]: unknown;
}

/** What the users' own steps have seen. */
export interface Standings {
  of(name: string): Standing;
  /** Those that nobody wants any more, with the number that the master has for them. */
  readonly going: readonly { readonly name: string; readonly uid?: number }[];
}

/** Reads what the users' steps saw on the master. Pure. */
export function standingsOf(own: readonly PlannedStep[]): Standings {
  const seen = (id: string) => own.find(({ step }) => step.id === id);
  const users = (state: unknown) => (state as { readonly users?: readonly SeenUser[] } | null)?.users ?? [];
  const byName = (state: unknown) => new Map(users(state).map((user) => [user.name, user]));
  const [accounts, slurm] = [seen("accounts"), seen("slurm-accounts")];
  const [has, wants] = [byName(accounts?.before), byName(accounts?.after)];
  const [inSlurm, forSlurm] = [byName(slurm?.before), byName(slurm?.after)];
  const left = (seen("departures")?.before as { readonly left?: readonly string[] } | null)?.left ?? [];
  const named = left.flatMap((line) => /^user (\S+)$/.exec(line)?.[1] ?? []);
  const going = [...new Set([...[...has.keys()].filter((name) => !wants.has(name)), ...named])].sort();
  return {
    of: (name) => {
      if (!wants.has(name)) return going.includes(name) ? "to go" : "former";
      const same = isDeepStrictEqual(has.get(name), wants.get(name));
      return same && isDeepStrictEqual(inSlurm.get(name), forSlurm.get(name)) ? "there" : "not yet";
    },
    going: going.map((name) => ({ name, uid: has.get(name)?.uid })),
  };
}

export interface JobCount {
  readonly running: number;
  readonly pending: number;
}

/** How many jobs each user has. Pure. */
export function countJobs(jobs: readonly Job[]): ReadonlyMap<string, JobCount> {
  const counts = new Map<string, JobCount>();
  for (const job of jobs.filter((one) => !isOver(one))) {
    const { running, pending } = counts.get(job.user) ?? NO_JOBS;
    const waits = job.state === "PENDING";
    counts.set(job.user, { running: running + (waits ? 0 : 1), pending: pending + (waits ? 1 : 0) });
  }
  return counts;
}

export const NO_JOBS: JobCount = { running: 0, pending: 0 };
