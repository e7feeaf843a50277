import type { ClusterSpec } from "../model/cluster-spec";
import { didYouMean, type Problem } from "../model/problems";

/** What slurm.conf's PrivateData can keep from others than its owner. */
export const PRIVATE_DATA = [
  "accounts",
  "events",
  "jobs",
  "nodes",
  "partitions",
  "reservations",
  "usage",
  "users",
] as const;
export type PrivateData = (typeof PRIVATE_DATA)[number];

/** Command lines of jobs hold what nobody else is to read; how full the cluster is, sinfo tells all the same. */
const PRIVATE: readonly PrivateData[] = ["jobs"];

/**
 * Jobs of one user that may be pending or running at once: a fifth of what slurmctld keeps of all users together
 * (MaxJobCount, 10,000), and room for an array of the largest size that it takes (MaxArraySize, 1,001).
 */
const MAX_SUBMIT_JOBS = 2000;

/** Slurm counts them in 32 bits, whose two largest numbers mean something else. */
const MOST_JOBS = 4_294_967_293;

/** For slurm.conf and slurmdbd.conf, which each keep their own; `undefined`: everybody sees everything. */
export function privateDataOf({ privateData = [...PRIVATE] }: ClusterSpec["slurm"]): readonly string[] | undefined {
  return privateData.length === 0 ? undefined : [...privateData].sort();
}

/** The limit of every user that has none of their own. */
export function maxSubmitJobsOf({ maxSubmitJobs = MAX_SUBMIT_JOBS }: ClusterSpec["slurm"]): number {
  return maxSubmitJobs;
}

/** What is wrong with the limits that a stack asks for. */
export function limitsProblems(
  { maxSubmitJobs, privateData = [] }: { readonly maxSubmitJobs?: number; readonly privateData?: readonly string[] },
  at = "slurm",
): readonly Problem[] {
  return [
    ...(maxSubmitJobs === undefined ||
    (Number.isInteger(maxSubmitJobs) && maxSubmitJobs > 0 && maxSubmitJobs <= MOST_JOBS)
      ? []
      : [{ at: `${at}.maxSubmitJobs`, got: maxSubmitJobs, want: `a whole number of jobs from 1 to ${MOST_JOBS}` }]),
    ...privateData
      .filter((name) => !PRIVATE_DATA.some((known) => known === name))
      .map((name) => ({
        at: `${at}.privateData`,
        got: name,
        want: `some of ${PRIVATE_DATA.join(", ")}`,
        hint: didYouMean(name, PRIVATE_DATA),
      })),
  ];
}
