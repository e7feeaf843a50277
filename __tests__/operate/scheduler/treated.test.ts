import type { Treatment } from "../../../lib/operate/feedback/treatment";
import { type Hit, jobsHitByMachines } from "../../../lib/operate/scheduler/jobs-hit";
import { stillRunningFailure, treated, uncoveredFailure } from "../../../lib/operate/scheduler/treated";
import { Duration } from "../../../lib/units";
import { job } from "../../support/squeue";

const WAIT: Treatment = { kind: "wait", limit: Duration.hours(2) };
const REQUEUE: Treatment = { kind: "requeue" };

const JOBS = [
  job({ id: "1", hosts: ["cpu-2"], requeue: true }),
  job({ id: "2", hosts: ["cpu-2"], requeue: false }),
  job({ id: "3", requiredHosts: ["cpu-2"] }),
  job({ id: "4", after: ["afterok:2"] }),
];
const HITS = jobsHitByMachines(JOBS, { forGood: ["cpu-2"], anew: [] });

function fates(treatment: Treatment): { readonly hits: readonly string[]; readonly uncovered: readonly string[] } {
  const { hits, uncovered } = treated(HITS, treatment, JOBS);
  return { hits: hits.map(({ job: { id }, fate }) => `${id} ${fate}`), uncovered: uncovered.map((one) => one.job.id) };
}

describe("what is done with jobs in the way", () => {
  it("ends all of them, if nothing else was said", () => {
    expect(fates({ kind: "now" })).toEqual({ hits: ["1 requeues", "2 ends", "3 cancelled", "4 waits"], uncovered: [] });
  });

  it("requeues those that may be, and covers no others", () => {
    expect(fates(REQUEUE).uncovered).toEqual(["2", "3"]);
  });

  it("waits for those that run, ends none, and does not cover what waits for a node that goes", () => {
    // What waits for a job that comes to its own end is not stranded by it.
    expect(fates(WAIT)).toEqual({ hits: ["1 waited", "2 waited", "3 cancelled"], uncovered: ["3"] });
  });

  it("lets what waits in a partition that goes still run", () => {
    const hit: Hit = { job: job({ id: "5" }), fate: "cancelled", why: "partition cpu goes", scope: "partition cpu" };
    expect(treated([hit], WAIT, [hit.job])).toMatchObject({ hits: [{ fate: "waited" }], uncovered: [] });
    expect(treated([hit], REQUEUE, [hit.job]).uncovered).toHaveLength(1);
  });

  it("is told by name where it has no way, or is not over in time; nothing is changed then", () => {
    expect(uncoveredFailure([JOBS[1]!], REQUEUE)).toMatchObject({
      kind: "consent",
      message: "1 job may not be requeued, or would be cancelled; nothing was changed",
      details: { code: "consent.not-covered", output: ["2 alice RUNNING cpu-2"] },
    });
    expect(stillRunningFailure([HITS[0]!], { kind: "wait", limit: Duration.minutes(90) })).toMatchObject({
      kind: "consent",
      message: "1 job not over after 1h30m; nothing was changed",
      details: { code: "consent.not-over", output: ["1 alice RUNNING cpu-2"] },
    });
  });
});
