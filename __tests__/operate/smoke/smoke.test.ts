import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { renderBatchScript } from "../../../lib/operate/smoke/batch-script";
import { readHelloOutput } from "../../../lib/operate/smoke/hello-output";
import { renderHplDat } from "../../../lib/operate/smoke/hpl-dat";
import { hplGrid } from "../../../lib/operate/smoke/hpl-grid";
import { readHplOutput } from "../../../lib/operate/smoke/hpl-output";
import { BLOCK_SIZE, largestByMemory, largestByTime } from "../../../lib/operate/smoke/hpl-size";
import { readProtocol, runJob } from "../../../lib/operate/smoke/job";
import { coveringPartitions, placementIn, placementsEverywhere } from "../../../lib/operate/scheduler/placement";
import type { Remote } from "../../../lib/operate/exec/remote/remote";
import { Duration } from "../../../lib/units";
import { expectGolden } from "../../support/golden";
import { sampleCluster } from "../../support/sample-cluster";

const sample = (name: string) => readFileSync(join(__dirname, "samples", name), "utf8");

describe("the grid of HPL", () => {
  it.each([
    [1, 1, 1],
    [2, 1, 2],
    [3, 1, 3],
    [4, 2, 2],
    [6, 2, 3],
    [8, 2, 4],
    [9, 3, 3],
    [12, 3, 4],
    [16, 4, 4],
    [24, 4, 6],
    [36, 6, 6],
    [48, 6, 8],
    [64, 8, 8],
    [72, 8, 9],
    [97, 1, 97],
    [128, 8, 16],
    [192, 12, 16],
    [256, 16, 16],
  ])("of %i tasks is %i x %i", (tasks, rows, columns) => {
    expect(hplGrid(tasks)).toEqual({ rows, columns });
  });

  it("uses every task, is never higher than wide, and no other grid is nearer to a square", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20000 }), (tasks) => {
        const { rows, columns } = hplGrid(tasks);
        expect(rows * columns).toBe(tasks);
        expect(rows).toBeLessThanOrEqual(columns);
        for (let better = rows + 1; better * better <= tasks; better++) expect(tasks % better).not.toBe(0);
      }),
    );
  });

  it("needs a whole number of tasks", () => {
    expect(() => hplGrid(0)).toThrow(RangeError);
    expect(() => hplGrid(1.5)).toThrow(RangeError);
  });
});

describe("the size of HPL", () => {
  it("fills four fifths of the memory with a whole number of blocks", () => {
    const bytes = 64 * 1024 ** 3;
    const size = largestByMemory(bytes);
    expect(size % BLOCK_SIZE).toBe(0);
    expect(size * size * 8).toBeLessThanOrEqual(0.8 * bytes);
    expect((size + BLOCK_SIZE) ** 2 * 8).toBeGreaterThan(0.8 * bytes);
  });

  it("takes the time that was predicted", () => {
    const size = largestByTime(120, 50);
    const seconds = ((2 / 3) * size ** 3) / 50e9;
    expect(seconds).toBeLessThanOrEqual(120);
    expect(seconds).toBeGreaterThan(115);
  });

  it("is never less than one block", () => {
    expect(largestByMemory(1)).toBe(BLOCK_SIZE);
    expect(largestByTime(0.001, 0.001)).toBe(BLOCK_SIZE);
  });
});

describe("HPL.dat", () => {
  it("is what xhpl reads", () => {
    expectGolden("operate/HPL.dat", renderHplDat({ size: 9984, block: 192, grid: { rows: 2, columns: 4 } }));
  });

  it("can be told another threshold", () => {
    expect(renderHplDat({ size: 192, block: 192, grid: { rows: 1, columns: 1 }, threshold: 1e-9 })).toMatch(
      /^1e-9 +threshold$/m,
    );
  });
});

describe("what xhpl prints", () => {
  it("is a result that passed", () => {
    expect(readHplOutput(sample("xhpl-passed.txt"))).toEqual({
      run: {
        size: 1920,
        block: 192,
        rows: 1,
        columns: 2,
        seconds: 2.38,
        gflops: 1.987,
        residual: 0.0031233,
        passed: true,
      },
    });
  });

  it("is a result that failed, although xhpl ends with 0", () => {
    expect(readHplOutput(sample("xhpl-failed.txt"))).toMatchObject({ run: { passed: false, residual: 0.0031233 } });
  });

  it("understands the exponents that newer versions print", () => {
    const newer = sample("xhpl-passed.txt").replace("0.0031233", "3.52154219e-03");
    expect(readHplOutput(newer)).toMatchObject({ run: { residual: 0.00352154219 } });
  });

  it.each([
    ["nothing", () => "", /no result line/],
    [
      "what a job that was killed leaves",
      () => sample("xhpl-passed.txt").split("End of Tests")[0] ?? "",
      /did not come to its end/,
    ],
    ["a result without a check", () => sample("xhpl-passed.txt").replace(/^\|\|Ax.*$/m, ""), /no residual/],
    ["two results", () => sample("xhpl-passed.txt").replace(/^WR.*$/m, "$&\n$&"), /2 result lines/],
    ["a rate of nothing", () => sample("xhpl-passed.txt").replace("1.987e+00", "0.000e+00"), /Gflop/],
  ])("is no result when it is %s", (_, output, problem) => {
    expect(readHplOutput(output())).toEqual({ problem: expect.stringMatching(problem) as string });
  });
});

describe("what MPI hello prints", () => {
  const line = (rank: number, host: string, { size = 4, sum = 6, mpi = "Open MPI v5.0.7" } = {}) =>
    `hello rank=${rank} size=${size} sum=${sum} host=${host} mpi=${mpi}`;
  const wanted = { ranks: 4, nodes: 2 };
  const good = [line(0, "cpu-1"), line(2, "cpu-2"), line(1, "cpu-1"), line(3, "cpu-2")];

  it("is right when every rank spoke once, on as many hosts as there should be", () => {
    const output = ["a warning of somebody", ...good].join("\n");
    expect(readHelloOutput(output, wanted)).toEqual({
      ranks: 4,
      hosts: ["cpu-1", "cpu-2"],
      mpi: "Open MPI v5.0.7",
      problems: [],
    });
  });

  it.each([
    ["a rank is silent", good.slice(1), /4 ranks should have said hello once each, but 3 did, in 3 lines/],
    ["a rank speaks twice", [...good, line(0, "cpu-1")], /but 4 did, in 5 lines/],
    ["they all run on one host", good.map((text) => text.replace("cpu-2", "cpu-1")), /on 2 hosts, but ran on 1: cpu-1/],
    [
      "each is alone",
      [0, 1, 2, 3].map((k) => line(0, `cpu-${(k % 2) + 1}`, { size: 1, sum: 0 })),
      /not in one MPI job/,
    ],
    ["one speaks another MPI", [...good.slice(1), line(0, "cpu-1", { mpi: "MPICH Version: 4.2" })], /different MPI/],
    ["nobody speaks", [], /but 0 did/],
  ])("is wrong when %s", (_, lines, problem) => {
    expect(readHelloOutput(lines.join("\n"), wanted).problems.join("\n")).toMatch(problem);
  });
});

describe("the batch script", () => {
  it("asks for nodes and tasks, and starts them through PMIx", () => {
    const script = renderBatchScript({
      name: "ohpc-hpl",
      partition: "cpu",
      nodes: 2,
      tasksPerNode: 48,
      threaded: true,
      timeLimit: Duration.minutes(30),
      environment: { OMP_NUM_THREADS: "1" },
      command: "/opt/ohpc/pub/hpl/bin/xhpl",
    });
    expectGolden("operate/hpl-job.sh", script);
  });
});

describe("where a proof runs", () => {
  const { manifest, spec } = sampleCluster();

  it("takes as few partitions as have all nodes", () => {
    expect(coveringPartitions(spec).map(({ partition, pools }) => [partition.name, pools])).toEqual([
      ["cpu", ["cpu"]],
      ["gpu", ["gpu"]],
    ]);
    const everything = { ...spec.partitions[0]!, name: "all", default: false, pools: ["cpu", "gpu"] };
    expect(
      coveringPartitions({ ...spec, partitions: [...spec.partitions, everything] }).map(
        ({ partition }) => partition.name,
      ),
    ).toEqual(["all"]);
  });

  it("is the default partition unless one is named", () => {
    expect(placementIn(spec, manifest, undefined, undefined)).toEqual({
      partition: "cpu",
      nodes: 4,
      coresPerNode: 8,
      threaded: true,
      memoryPerNodeMebibytes: 15308,
      sharesCores: true,
    });
    expect(placementIn(spec, manifest, "gpu", 1)).toMatchObject({
      partition: "gpu",
      nodes: 1,
      coresPerNode: 1,
      threaded: false,
    });
  });

  it("has one place in each partition when it is everywhere", () => {
    expect(placementsEverywhere(spec, manifest).map(({ partition, nodes }) => [partition, nodes])).toEqual([
      ["cpu", 4],
      ["gpu", 2],
    ]);
  });

  it("is refused where there is no such partition, or not so many nodes", () => {
    expect(() => placementIn(spec, manifest, "gpo", undefined)).toThrow(
      expect.objectContaining({
        kind: "usage",
        details: expect.objectContaining({
          remedy: expect.stringContaining('did you mean "gpu"?') as string,
        }) as object,
      }) as Error,
    );
    expect(() => placementIn(spec, manifest, "gpu", 3)).toThrow("partition gpu has 2 nodes, not 3");
  });
});

describe("following a job", () => {
  const submission = { name: "hpl", user: "alice", script: "x", files: {}, deadline: Duration.seconds(10) };
  const told: string[] = [];
  const report = { title: () => undefined, detail: (line: string) => told.push(line) };
  /** A master on which follow-job.sh printed this. */
  const master = (printed: string): Remote => ({
    host: "master",
    run: async (_, options) => {
      for (const line of printed.split("\n")) options?.onLine?.(line);
      return Promise.resolve(printed);
    },
    read: async () => Promise.resolve(undefined),
    write: async () => Promise.resolve(),
  });
  const head = "directory /home/alice/ohpc-smoke/hpl.x\njob 7\n";

  it("shows each state with its reason, and hands back the output", async () => {
    const printed = `${head}state PENDING Resources\nstate RUNNING None\nstate COMPLETED None\nend COMPLETED 0:0 cpu-[1-2] 00:00:03\noutput\nline 1\noutput\nline 3\n`;
    const job = await runJob(master(printed), submission, report);
    expect(job).toEqual({
      id: "7",
      directory: "/home/alice/ohpc-smoke/hpl.x",
      nodes: "cpu-[1-2]",
      output: "line 1\noutput\nline 3\n",
    });
    expect(told).toEqual(["job 7 pending (Resources)", "job 7 running", "job 7 completed"]);
  });

  it.each([
    [
      "that failed",
      "end FAILED 127:0 cpu-1 00:00:01\noutput\nslurmstepd: no such file\n",
      /ended as FAILED, exit code 127:0/,
    ],
    ["that completed with another exit code", "end COMPLETED 1:0 cpu-1 00:00:01\noutput\n", /exit code 1:0/],
    [
      "that cannot start",
      "end STUCK ReqNodeNotAvail,_UnavailableNodes:cpu-1\n",
      /cannot start: ReqNodeNotAvail, UnavailableNodes:cpu-1/,
    ],
    ["that took too long", "end OVERDUE PENDING Priority\n", /cancelled because it took too long: PENDING Priority/],
    ["of which nothing is known", "", /ended as/],
  ])("fails for a job %s", async (_, rest, message) => {
    await expect(runJob(master(head + rest), submission, report)).rejects.toMatchObject({
      kind: "failed",
      message: expect.stringMatching(message) as string,
    });
  });

  it("keeps a job's output apart from its own lines", () => {
    expect(readProtocol(`${head}end FAILED 1:0 cpu-1 x\noutput\nend COMPLETED 0:0 cpu-1 x\n`)).toMatchObject({
      state: "FAILED",
    });
  });
});
