import type { Remote, RunOptions } from "../../../lib/operate/exec/remote/remote";
import { nodesReady, readReady } from "../../../lib/operate/scheduler/ready";
import { Duration } from "../../../lib/units";
import { pretendedMaster } from "../../support/pretended-master";
import { sampleCluster } from "../../support/sample-cluster";

const cluster = sampleCluster();

/** A master on which ready.sh printed this. */
function master(printed: string, asked: RunOptions[] = []): Remote {
  return pretendedMaster(async (_, options = {}) => {
    asked.push(options);
    for (const line of printed.split("\n")) options.onLine?.(line);
    return Promise.resolve(printed);
  });
}

const told: string[] = [];
const report = { title: (line: string) => told.push(line), detail: (line: string) => told.push(line) };
const ready = async (printed: string, asked?: RunOptions[]) =>
  nodesReady(master(printed, asked), cluster, Duration.seconds(60), report);

/** What ready.sh prints of a cluster that is well. */
const ALL = "nodes 6 6\nanswered 4 cpu\nanswered 2 gpu\n";

beforeEach(() => {
  told.length = 0;
});

describe("waiting for the nodes", () => {
  it("asks each partition for its nodes, and expects as many as were made", async () => {
    const asked: RunOptions[] = [];
    await ready(ALL, asked);
    expect(asked[0]?.args).toEqual(["60", "6", "ohpc stop", "640-699", "cpu", "cpu-[1-4]", "gpu", "gpu-[1-2]"]);
  });

  it("says which nodes may be undrained: all of them, or those that are resumed", async () => {
    const asked: RunOptions[] = [];
    await ready(ALL, asked);
    expect(asked[0]?.input?.split("\n")).toHaveLength(6 + 1);
    await nodesReady(master(ALL, asked), cluster, Duration.seconds(60), report, ["cpu-2", "gpu-1"]);
    expect(asked[1]?.input).toBe("cpu-2\ngpu-1\n");
  });

  it("counts who answered, and leaves alone who has jobs or was drained", async () => {
    const printed = "nodes 6 6\ndrained gpu-2 bad fan\nanswered 3 cpu\nbusy 1 cpu\nanswered 1 gpu\n";
    expect(await ready(printed)).toEqual({
      nodes: 6,
      answered: 4,
      busy: 1,
      drained: [{ node: "gpu-2", reason: "bad fan" }],
    });
  });

  it("shows what srun says while it is asked again", async () => {
    await ready("nodes 6 6\nasking cpu srun: error: the queue is full\nanswered 4 cpu\nanswered 2 gpu\n");
    expect(told).toContain("srun in cpu: srun: error: the queue is full");
  });

  it("shows what node units say, and names it for those that do not come in time", async () => {
    const printed = [
      "nodes 5 6\nwaiting gpu-1 unknown none",
      "unit gpu-1 software under way: mpi : Install MPI",
      'unit gpu-1 software failed at "mpi : Install MPI": no space\noverdue\n',
    ].join("\n");
    const late = await ready(printed).catch((error: unknown) => error);
    expect(told).toContain("gpu-1: software: under way: mpi : Install MPI");
    expect(late).toMatchObject({
      details: {
        code: "nodes.late",
        output: ['gpu-1 is unknown; its node unit: software: failed at "mpi : Install MPI": no space'],
      },
    });
  });

  it("shows how many are ready, and why others are not", async () => {
    await ready(
      "nodes 4 6\nwaiting gpu-1 down* Not responding\nwaiting gpu-2 unknown none\nnodes 6 6\nanswered 6 all\n",
    );
    expect(told).toEqual([
      "Nodes ready: 4 of 6",
      "gpu-1 down* (Not responding)",
      "gpu-2 unknown",
      "Nodes ready: 6 of 6",
    ]);
  });

  it("names those that did not come, with their reasons", async () => {
    const late = ready("nodes 0 6\nwaiting cpu-1 down* x\nnodes 5 6\nwaiting gpu-1 down* Not responding\noverdue\n");
    await expect(late).rejects.toMatchObject({
      kind: "failed",
      message: "5 of 6 nodes are ready after 60 s",
      details: { code: "nodes.late", output: ["gpu-1 is down*: Not responding"] },
    });
  });

  it("ends when all that is missing lacks what does not come by itself, and says what", async () => {
    const printed =
      "nodes 5 6\nwaiting gpu-1 unknown none\nunit gpu-1 devices promised, but not there: /dev/nvidia0\nfinal 1\nhopeless\n";
    await expect(ready(printed)).rejects.toMatchObject({
      message: "5 of 6 nodes are ready; what the others lack does not come by itself",
      details: {
        code: "nodes.hopeless",
        remedy: expect.stringContaining("give the pool an image that has it") as string,
        output: ["gpu-1 is unknown; its node unit: devices: promised, but not there: /dev/nvidia0"],
      },
    });
  });

  it("says so when slurmctld knows no node", async () => {
    await expect(ready("nodes 0 0\noverdue\n")).rejects.toMatchObject({
      details: { output: ["slurmctld does not know any node"] },
    });
  });

  it("fails when a node is idle but does not answer", async () => {
    await expect(ready("nodes 6 6\nanswered 4 cpu\nsilent gpu srun: error: x\n")).rejects.toMatchObject({
      details: { code: "nodes.silent", output: ["gpu srun: error: x"] },
    });
  });

  it("fails when a node neither answered nor had a reason not to", async () => {
    await expect(ready("nodes 6 6\nanswered 4 cpu\n")).rejects.toMatchObject({
      kind: "failed",
      message: "4 of 6 nodes answered, run jobs or were drained on purpose",
      details: { code: "nodes.silent" },
    });
  });

  it("fails with Slurm's reason for each node that the srun made it drain", async () => {
    await expect(ready("nodes 6 6\nspoilt cpu-1 Prolog error\nspoilt cpu-2 Prolog error\n")).rejects.toMatchObject({
      message: expect.stringContaining("cpu-[1-2]") as string,
      details: {
        code: "nodes.spoilt",
        remedy: expect.stringContaining("slurmd.log") as string,
        output: ["cpu-1: Prolog error", "cpu-2: Prolog error"],
      },
    });
  });

  it("says how to give back what Slurm itself had drained", async () => {
    await expect(ready("nodes 5 6\nwaiting gpu-1 drained Prolog error\nstuck\n")).rejects.toMatchObject({
      details: {
        code: "nodes.drained",
        remedy: expect.stringContaining("ohpc undrain STACK gpu-1") as string,
        output: ["gpu-1 is drained: Prolog error"],
      },
    });
  });

  it("says that slurmctld runs and does not answer", async () => {
    await expect(ready("nodes 0 0\nmute\n")).rejects.toMatchObject({ details: { code: "slurmctld.silent" } });
  });

  it("has nothing to wait for in a cluster without nodes", async () => {
    const empty = { ...cluster, manifest: { ...cluster.manifest, pools: [] } };
    const asked: RunOptions[] = [];
    expect(await nodesReady(master("", asked), empty, Duration.seconds(1), report)).toMatchObject({ nodes: 0 });
    expect(asked).toEqual([]);
  });

  it("takes only the last picture of the nodes", () => {
    const reading = readReady("nodes 0 2\nwaiting a down x\nwaiting b down y\nnodes 1 2\nwaiting b down z w\n");
    expect(reading.waiting).toEqual([{ node: "b", state: "down", reason: "z w" }]);
  });
});
