import { type Job } from "../../../lib/operate/scheduler/jobs";
import { describeHits, jobsHit, jobsHitByMachines, scopesHit } from "../../../lib/operate/scheduler/jobs-hit";
import { job } from "../../support/squeue";

const NODES = "NodeName=cpu-[1-3] Sockets=1 CoresPerSocket=4 RealMemory=1000\n";
const BEFORE = `SlurmctldPort=817\n${NODES}PartitionName=cpu Nodes=cpu-[1-3] MaxTime=UNLIMITED\nPartitionName=all Nodes=ALL MaxTime=2-00:00:00\n`;

/** Its id is what becomes of it. */
function fates(after: string, jobs: readonly Job[], groupsOf?: (user: string) => readonly string[]): readonly string[] {
  return jobsHit(BEFORE, after, jobs, groupsOf).map(({ job: { id }, fate, scope }) => `${id} ${fate} ${scope}`);
}

describe("a change of slurm.conf", () => {
  const runs = job({ id: "runs", hosts: ["cpu-3"], requeue: true });
  const waits = job({ id: "waits" });
  const held = job({ id: "held", user: "bob", partition: "all,cpu" });

  it("hits no job where nothing goes", () => {
    expect(fates(`${BEFORE}PartitionName=more Nodes=cpu-1\n`, [runs, waits, held])).toEqual([]);
    expect(scopesHit(BEFORE, BEFORE.replace("817", "818"))).toEqual({ partitions: [], going: [], any: false });
  });

  it("cancels every job of a partition that goes or gets another name, also what waits or named another one beside it", () => {
    const after = BEFORE.replace("PartitionName=cpu", "PartitionName=work");
    const elsewhere = job({ id: "elsewhere", partition: "all" });
    expect(fates(after, [runs, waits, held, elsewhere])).toEqual([
      "runs cancelled partition cpu",
      "waits cancelled partition cpu",
      "held cancelled partition cpu",
    ]);
    expect(scopesHit(BEFORE, after)).toMatchObject({ partitions: ["cpu"], any: true });
  });

  it("cancels jobs that require a node that goes, also those that wait; others that ran there go back into the queue, if they may", () => {
    const after = BEFORE.replaceAll("cpu-[1-3]", "cpu-[1-2]");
    const jobs = [
      runs,
      job({ id: "once", hosts: ["cpu-2", "cpu-3"], requeue: false }),
      job({ id: "pinned", hosts: ["cpu-3"], requiredHosts: ["cpu-3"], requeue: true }),
      job({ id: "waits-for-it", requiredHosts: ["cpu-1", "cpu-3"] }),
      job({ id: "elsewhere", hosts: ["cpu-1"], requiredHosts: ["cpu-1"], requeue: true }),
      job({ id: "wide", nodes: 3 }),
      job({ id: "wide-before", nodes: 4 }),
      waits,
    ];
    expect(fates(after, jobs)).toEqual([
      "runs requeues node cpu-3",
      "once ends node cpu-3",
      "pinned cancelled node cpu-3",
      "waits-for-it cancelled node cpu-3",
      "wide waits partition cpu",
    ]);
    expect(scopesHit(BEFORE, after)).toMatchObject({ partitions: [], going: ["cpu-3"], any: true });
  });

  it("aborts what runs on nodes whose cores become others", () => {
    const after = BEFORE.replace("CoresPerSocket=4", "CoresPerSocket=2");
    expect(fates(after, [runs, waits, { ...runs, id: "once", requeue: false }])).toEqual([
      "runs requeues node cpu-3",
      "once ends node cpu-3",
    ]);
    expect(scopesHit(BEFORE, after)).toEqual({ partitions: [], going: [], any: true });
  });

  it("lets what runs on a node that only leaves its partition run on; what needs it and waits, waits for ever", () => {
    const after = BEFORE.replace("PartitionName=cpu Nodes=cpu-[1-3]", "PartitionName=cpu Nodes=cpu-[1-2]");
    const pinned = job({ id: "pinned", requiredHosts: ["cpu-3"] });
    const either = job({ id: "either", requiredHosts: ["cpu-3"], partition: "cpu,all" });
    expect(fates(after, [runs, pinned, either])).toEqual(["pinned waits partition cpu"]);
  });

  it("makes wait for ever what a lower time limit or another group keeps out", () => {
    const groups = (user: string) => (user === "alice" ? ["physics"] : ["users"]);
    const after = BEFORE.replace("MaxTime=UNLIMITED", "MaxTime=1:00:00 AllowGroups=physics");
    const jobs = [
      job({ id: "long", minutes: 90 }),
      job({ id: "short", minutes: 60 }),
      job({ id: "unsaid" }),
      job({ id: "stranger", user: "bob", minutes: 10 }),
    ];
    expect(fates(after, jobs, groups)).toEqual(["long waits partition cpu", "stranger waits partition cpu"]);
    expect(scopesHit(BEFORE, after).any).toBe(true);
  });

  it("hits nothing that is over but for its last processes", () => {
    const after = BEFORE.replace("PartitionName=cpu", "PartitionName=work");
    expect(fates(after, [{ ...runs, state: "COMPLETING" }])).toEqual([]);
  });
});

describe("machines that go", () => {
  it("cancel jobs that require one that goes for good; one that is made anew is waited for", () => {
    const pinned = job({ id: "pinned", requiredHosts: ["cpu-3"] });
    const hits = (forGood: readonly string[], anew: readonly string[]) =>
      jobsHitByMachines([pinned, job({ id: "runs", hosts: ["cpu-3"], requeue: true })], { forGood, anew }).map(
        ({ job: { id }, fate }) => `${id} ${fate}`,
      );
    expect(hits(["cpu-3"], [])).toEqual(["pinned cancelled", "runs requeues"]);
    expect(hits([], ["cpu-3"])).toEqual(["runs requeues"]);
  });
});

describe("telling people of jobs", () => {
  it("says what becomes of each and why, the worst first, and lists no more than ten of a kind", () => {
    const many = Array.from({ length: 14 }, (_, k) => job({ id: String(20 + k), requiredHosts: ["cpu-3"] }));
    const lines = describeHits(
      jobsHitByMachines([job({ hosts: ["cpu-3"], requeue: true, name: "train" }), ...many], {
        forGood: ["cpu-3"],
        anew: [],
      }),
    );
    expect(lines[0]).toBe("jobs that would be cancelled: they require a node that goes (--nodelist)");
    expect(lines[1]).toBe("  20 alice PENDING");
    expect(lines[11]).toBe("  and 4 more of alice: 4 PENDING");
    expect(lines.slice(12)).toEqual([
      "jobs that would go back into the queue and start anew: their nodes go",
      "  12 alice RUNNING cpu-3 train",
    ]);
  });
});
