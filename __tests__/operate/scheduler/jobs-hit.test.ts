import { type Job, type NodeNeeds } from "../../../lib/operate/scheduler/jobs";
import {
  describeHits,
  jobsHit,
  jobsHitByMachines,
  scopesHit,
  withStranded,
} from "../../../lib/operate/scheduler/jobs-hit";
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

  it("aborts what has GPUs on nodes that get another number of them, but no other job, and not for another type", () => {
    const [has, needs] = ["gpu:a100:2", { cpus: 1, mebibytes: 10, features: "" }];
    const before = `NodeName=g1 Gres=${has},nic:1\nPartitionName=gpu Nodes=g1\n`;
    const on = (id: string, name?: string, requeue = true) => {
      const gres = name === undefined ? [] : [{ name, count: 1 }];
      return job({ id, partition: "gpu", hosts: ["g1"], requeue, perNode: { ...needs, gres } });
    };
    const jobs = [on("gpu", "gpu"), on("once", "gpu:a100", false), on("none")];
    const hits = (gres: string) =>
      jobsHit(before, before.replace(has, gres), jobs).map(({ job: { id }, fate }) => `${id} ${fate}`);
    for (const other of ["gpu:1", "gpu:3", "gpu:a100:1"]) expect(hits(other)).toEqual(["gpu requeues", "once ends"]);
    for (const same of ["gpu:2", "gpu:b100:2", "gpu:a100:1,gpu:b100:1"]) expect(hits(same)).toEqual([]);
    expect(scopesHit(before, before.replace(has, "gpu:3")).any).toBe(true);
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

  it("makes wait for ever what needs more of a node than any has left", () => {
    const shape = "Sockets=1 CoresPerSocket=4 RealMemory=1000";
    const richer = BEFORE.replace(shape, `${shape} Feature=fast,big Gres=gpu:a100:2,gpu:b100:1`);
    const needing = (id: string, needs: Partial<NodeNeeds>) =>
      job({ id, perNode: { cpus: 1, mebibytes: 10, features: "", gres: [], ...needs } });
    const jobs = [
      needing("gpus", { gres: [{ name: "gpu", count: 3 }] }),
      needing("a100", { gres: [{ name: "gpu:a100", count: 2 }] }),
      needing("one", { gres: [{ name: "gpu", count: 1 }] }),
      needing("both", { features: "fast&big" }),
      needing("either", { features: "fast|big" }),
      needing("mixed", { features: "[fast*1&big*1]" }),
      needing("memory", { mebibytes: 1000 }),
      needing("cores", { cpus: 4 }),
      needing("never", { cpus: 5 }),
    ];
    const after = BEFORE.replace(shape, "Sockets=1 CoresPerSocket=3 RealMemory=999 Feature=big Gres=gpu:b100:1");
    expect(jobsHit(richer, after, jobs).map(({ job: { id }, why }) => `${id}: ${why}`)).toEqual([
      "gpus: no node of partition cpu has 3 gpu",
      "a100: no node of partition cpu has 2 gpu:a100",
      "both: no node of partition cpu has the features fast&big",
      "mixed: no node of partition cpu has the features [fast*1&big*1]",
      "memory: no node of partition cpu has 1000 MiB",
      "cores: no node of partition cpu has 4 cores",
    ]);
    expect(scopesHit(richer, richer.replace("fast,big", "big")).any).toBe(true);
    expect(scopesHit(richer.replace("fast,big", "big"), richer).any).toBe(false);
  });

  it("cancels jobs of partitions that no file has: scontrol made them, and they go", () => {
    expect(fates(BEFORE, [job({ id: "hand", partition: "by-hand" })])).toEqual(["hand cancelled partition by-hand"]);
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

describe("jobs that wait for others", () => {
  const first = job({ id: "7_[1-9]", requiredHosts: ["cpu-3"] });
  const stranded = (one: Job, ...others: readonly Job[]) =>
    withStranded(jobsHitByMachines([one], { forGood: ["cpu-3"], anew: [] }), [one, ...others]).map(
      ({ job: { id }, fate, scope }) => `${id} ${fate} ${scope}`,
    );

  it("wait for ever where those are cancelled, and so do those that wait for them, however", () => {
    const then = job({ id: "8", after: ["afterany:3", "afterok:7_*"] });
    const last = job({ id: "9", user: "bob", after: ["afterany:8"] });
    expect(stranded(first, last, then)).toEqual([
      "7_[1-9] cancelled node cpu-3",
      "8 waits node cpu-3",
      "9 waits node cpu-3",
    ]);
  });

  it("go on where the end of those was all they waited for, or it was others", () => {
    const after = [["afterany:7"], ["afternotok:7"], ["afterok:70"], [], ["afterok:7_3"]];
    const others = after.map((one, k) => job({ id: `${20 + k}`, after: one }));
    expect(stranded(first, ...others)).toEqual(["7_[1-9] cancelled node cpu-3", "24 waits node cpu-3"]);
    const requeued = job({ id: "7", hosts: ["cpu-3"], requeue: true });
    expect(stranded(requeued, job({ id: "8", after: ["afterok:7"] }))).toEqual(["7 requeues node cpu-3"]);
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
