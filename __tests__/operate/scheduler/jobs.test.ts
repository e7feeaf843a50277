import fc from "fast-check";
import { RemoteError, type RemoteFailure } from "../../../lib/operate/exec/remote/remote";
import {
  describeUnreadable,
  jobsOn,
  jobsSeen,
  listJobs,
  minutesOf,
  readJobs,
  withNames,
} from "../../../lib/operate/scheduler/jobs";
import { pretendedMaster } from "../../support/pretended-master";
import { job, squeueFlags, squeueRow } from "../../support/squeue";

const TRAIN = squeueRow({ on: "cpu-[1-2]", nodes: "2", limit: "1-00:00:00" });

describe("unfinished jobs", () => {
  it("are read with where they run, what they need, and whether they may be requeued", () => {
    const waits = squeueRow({
      id: "13_[4-9%2]",
      user: "bob",
      state: "PENDING",
      partition: "cpu,gpu",
      requires: "cpu-3",
    });
    expect(readJobs(`${TRAIN}${waits}${squeueFlags("12", 1, 1)}`)).toEqual({
      jobs: [
        {
          id: "12",
          user: "alice",
          account: "users",
          state: "RUNNING",
          partition: "cpu",
          hosts: ["cpu-1", "cpu-2"],
          requiredHosts: [],
          nodes: 2,
          minutes: 1440,
          perNode: { cpus: 1, mebibytes: 10, features: "", gres: [] },
          after: [],
          requeue: true,
        },
        {
          id: "13_[4-9%2]",
          user: "bob",
          account: "users",
          state: "PENDING",
          partition: "cpu,gpu",
          hosts: [],
          requiredHosts: ["cpu-3"],
          nodes: 1,
          minutes: undefined,
          perNode: { cpus: 1, mebibytes: 10, features: "", gres: [] },
          after: [],
          requeue: undefined,
        },
      ],
      unreadable: 0,
    });
  });

  it.each([
    ["interactive", 0, 1],
    ["--no-requeue", 1, 0],
  ] as const)("are not requeued if they are %s", (_, batch, requeue) => {
    expect(readJobs(`${TRAIN}${squeueFlags("12", batch, requeue)}`).jobs[0]?.requeue).toBe(false);
  });

  it("are read with what they need of each node", () => {
    const seen = (needs: Parameters<typeof squeueRow>[0]) => readJobs(squeueRow(needs)).jobs[0]?.perNode;
    expect(
      seen({ cpus: "1K", memory: "2G", gres: "gres/gpu:a100:2,gres/shard", features: "(fast|big)&[a*2&b]" }),
    ).toEqual({
      cpus: 1024,
      mebibytes: 2048,
      gres: [
        { name: "gpu:a100", count: 2 },
        { name: "shard", count: 1 },
      ],
      features: "(fast|big)&[a*2&b]",
    });
    expect(seen({ memory: "1.50G", gres: "gres:gpu:3" })).toMatchObject({
      mebibytes: 1536,
      gres: [{ name: "gpu", count: 3 }],
    });
    expect(seen({ memory: "0" })?.mebibytes).toBe(0);
  });

  it.each([
    ["(null)", []],
    [
      "afterok:12(unfulfilled),afterany:13_*(unfulfilled),after:14+10(unfulfilled)",
      ["afterok:12", "afterany:13_*", "after:14"],
    ],
    ["afterok:12_3(unfulfilled)?afterok:13(unfulfilled)", []],
    ["afterok:12(failed)", []],
    ["singleton(unfulfilled)", []],
  ])("are read with what they wait for: %s", (after, expected) => {
    expect(readJobs(squeueRow({ state: "PENDING", after })).jobs[0]?.after).toEqual(expected);
  });

  it("are read by all ways in which Slurm names them", () => {
    const ids = ["7", "7_3", "7_[1,3-5]", "7_[1-100%4]", "7_[0,2,4...]", "7+1"];
    const { jobs } = readJobs(ids.map((id) => squeueRow({ id })).join(""));
    expect(jobs.map(({ id }) => id)).toEqual(ids);
  });

  it.each([
    ["7|bob|RUNNING|cpu-1"],
    [squeueRow({ id: "x" })],
    [squeueRow({ user: "al\u001b[2Jice" })],
    [squeueRow({ on: "cpu-[1-" })],
    [squeueRow({ on: "cpu-[9-1]" })],
    [squeueRow({ state: "RUNNING|x" })],
    [squeueRow({ partition: "cpu\r" })],
  ])("are counted, and dropped, if they cannot be read: %j", (line) => {
    expect(readJobs(`${TRAIN}${line.trimEnd()}\n`)).toMatchObject({ jobs: [{ id: "12" }], unreadable: 1 });
  });

  it("are what squeue's rows say, whatever else is among them", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (noise) => {
        const { jobs } = readJobs(`${noise}\n${TRAIN}`);
        for (const one of jobs) expect(listJobs([one]).join("")).toMatch(/^[\w,.+[\]%: -]*\$?[\w,.+[\]%: -]*$/);
        expect(jobs.at(-1)).toMatchObject({ id: "12", user: "alice" });
      }),
    );
  });

  it("end when one of their nodes goes", () => {
    const { jobs } = readJobs(TRAIN);
    expect(jobsOn(jobs, ["cpu-2", "gpu-1"]).map(({ id }) => id)).toEqual(["12"]);
    expect(jobsOn(jobs, ["gpu-1"])).toEqual([]);
  });
});

describe("a time limit", () => {
  it.each([
    ["30", 30],
    ["30:00", 30],
    ["2:00:00", 120],
    ["1-00:00:00", 1440],
    ["1-12", 2160],
    ["1-12:30", 2190],
    ["0:30", 0.5],
    ["UNLIMITED", undefined],
    ["NOT_SET", undefined],
    ["", undefined],
  ])("of %j is %j minutes", (text, minutes) => {
    expect(minutesOf(text)).toBe(minutes);
  });
});

describe("lists of jobs", () => {
  const many = Array.from({ length: 25 }, (_, k) =>
    job({ id: String(k), user: k % 2 === 0 ? "alice" : "bob", ...(k < 12 ? { hosts: ["cpu-1"] } : {}) }),
  );

  it("show ten, and say what the others are", () => {
    const lines = listJobs(many);
    expect(lines).toHaveLength(11);
    expect(lines[0]).toBe("0 alice RUNNING cpu-1");
    expect(lines[10]).toBe("and 15 more of alice, bob: 13 PENDING, 2 RUNNING");
  });

  it("say that there may be more where rows could not be read", () => {
    expect(describeUnreadable({ jobs: [], unreadable: 2 })).toEqual([
      "2 rows of squeue could not be read: there may be more jobs",
    ]);
    expect(describeUnreadable({ jobs: [] })).toEqual([]);
  });

  it("ask for the names of those that are shown, and of no others, and take no name for a row", async () => {
    const asked: string[] = [];
    const master = pretendedMaster(async (_, { args = [] } = {}) => {
      asked.push(...args);
      return Promise.resolve(`${args[0]} ${Buffer.from("train\n13|bob|RUNNING").toString("base64")}\n${args[1]} \n`);
    });
    const named = await withNames(master, many);
    expect(asked).toHaveLength(10);
    expect(named[0]).toMatchObject({ id: "0", name: "train" });
    expect(named.slice(1).filter(({ name }) => name !== undefined)).toEqual([]);
  });
});

describe("jobs of a cluster that is about to lose something", () => {
  const master = (failure: RemoteFailure) =>
    pretendedMaster(async () => Promise.reject(new RemoteError("master", failure, undefined, "")));

  it("are unknown where the master does not answer", async () => {
    expect(await jobsSeen(master("unreachable"))).toEqual({
      unknown: "master does not answer: jobs may be running",
    });
  });

  it("are not taken for unknown where the master refuses us: it is there", async () => {
    await expect(jobsSeen(master("refused"))).rejects.toMatchObject({ failure: "refused" });
  });
});
