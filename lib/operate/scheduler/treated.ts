import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import { durationWords, type Treatment } from "../feedback/treatment";
import { type Job, listJobs, type ShownJob } from "./jobs";
import { type Hit, isStranded, withStranded } from "./jobs-hit";

/** What becomes of jobs where they are treated so. */
export interface Treated {
  readonly hits: readonly Hit[];
  /** Those that the treatment has no way for: nothing is changed while there are any. */
  readonly uncovered: readonly Hit[];
}

/**
 * What becomes of the jobs that a change hits, by what is done with them. Whoever is requeued loses what was computed, but is
 * not ended; whoever is waited for loses nothing. What waits in the queue for a node that goes never comes to an end by itself. Pure.
 *
 * @param jobs - all that there are: some wait for those that are hit
 */
export function treated(hits: readonly Hit[], treatment: Treatment, jobs: readonly Job[]): Treated {
  if (treatment.kind === "now") return { hits, uncovered: [] };
  const uncovered: Hit[] = [];
  const own = hits.filter((hit) => !isStranded(hit));
  const covered = own.map((hit): Hit => {
    // Nothing of theirs ends.
    if (hit.fate === "waits" || hit.fate === "waited") return hit;
    const goesOn = treatment.kind === "requeue" ? hit.fate === "requeues" : comesToAnEnd(hit);
    if (!goesOn) uncovered.push(hit);
    return goesOn && treatment.kind === "wait" ? { ...hit, fate: "waited" } : hit;
  });
  return { hits: withStranded(covered, jobs), uncovered };
}

/** One that runs does; one that waits for a partition or as a user who goes may still run. */
function comesToAnEnd({ job, scope }: Hit): boolean {
  return job.hosts.length > 0 || !scope.startsWith("node ");
}

/** @throws Failure of kind `consent` if there are jobs that what is to be done with them has no way for */
export function refuseUncovered(uncovered: readonly ShownJob[], treatment: Treatment): void {
  if (uncovered.length > 0) throw uncoveredFailure(uncovered, treatment);
}

/** That jobs are in the way for which nobody said what is to become of them. */
export function uncoveredFailure(uncovered: readonly ShownJob[], treatment: Treatment): Failure {
  const jobs = count(uncovered.length, "job");
  const why =
    treatment.kind === "requeue"
      ? `${jobs} may not be requeued, or would be cancelled`
      : `${jobs} would never come to an end: they wait for what goes`;
  return new Failure("consent", `${why}; nothing was changed`, {
    code: "consent.not-covered",
    cause: "--requeue covers only jobs that start anew, --wait only those that come to an end by themselves",
    remedy:
      treatment.kind === "requeue"
        ? "--wait DURATION waits for those that run, --now ends them; or cancel them (scancel)"
        : "cancel them (scancel), or --now does",
    output: listJobs(uncovered),
  });
}

/** That jobs have not come to an end in time. */
export function stillRunningFailure(left: readonly Hit[], treatment: Extract<Treatment, { kind: "wait" }>): Failure {
  const limit = durationWords(treatment.limit);
  return new Failure("consent", `${count(left.length, "job")} not over after ${limit}; nothing was changed`, {
    code: "consent.not-over",
    remedy: "wait for longer (--wait), or end what is in the way: --requeue, --now, scancel",
    output: listJobs(left.map(({ job }) => job)),
  });
}
