import { parseStatus } from "../../../lib/operate/scheduler/status";
import { viewOf } from "../../support/cluster-builder";

const { manifest } = viewOf({ pools: { cpu: 2, gpu: 1 } });

/** Captured from a cluster of Slurm 24.11.5 with one node too few. */
const CAPTURED =
  '\fversion\nslurm-wlm 24.11.5\n\fcontroller\nSlurmctld(primary) at master is UP\n\fservices\nmunge\x1factive\x1fanswers\nmariadb\x1factive\x1fsilent\nslurmdbd\x1finactive\x1fsilent\nslurmctld\x1factive\x1fanswers\n\fnodes\ncpu-1|allocated|Unknown|Unknown|none\ngpu-1|drained*|root|2026-11-22T16:06:53|GPU 1 is broken | see ticket\n\fpartitions\ncpu*\x1fup\x1finfinite\x1f1/0/0/1\ngpu\x1fup\x1f1-00:00:00\x1f0/0/1/1\n\fjobs\n      1 PENDING\n     12 RUNNING\n\fdisks\n/srv/ohpc/state 270553174016 35705376768 62087917568 16777216 904762\n/srv/efs 1000 10 990 - -\n/home silent\n\fgeneration\n7 180\n\funits\n{"cpu-1": {"stage": "ready", "ok": true, "message": "", "generation": 7, "since": "2026-11-22T15:47:31Z", "attempts": 1}, "cpu-2": {"unreachable": "no answer within 3 s"}, "gpu-1": {"stage": 5}}';

describe("parseStatus", () => {
  const status = parseStatus(manifest, CAPTURED);

  it("tells Slurm's view and the node unit's own of every node that there should be", () => {
    expect(status.nodes).toEqual([
      {
        host: "cpu-1",
        pool: "cpu",
        address: "10.1.0.51",
        slurm: { state: "allocated", responds: true, onPurpose: false },
        unit: { stage: "ready", ok: true, message: "", generation: 7, since: "2026-11-22T15:47:31Z", attempts: 1 },
      },
      { host: "cpu-2", pool: "cpu", address: "10.1.0.52", unit: { unreachable: "no answer within 3 s" } },
      {
        host: "gpu-1",
        pool: "gpu",
        address: "10.1.0.151",
        slurm: {
          state: "drained",
          responds: false,
          reason: "GPU 1 is broken | see ticket",
          by: "root",
          at: "2026-11-22T16:06:53",
          onPurpose: true,
        },
        unit: { unreachable: "its node unit answers with something else" },
      },
    ]);
  });

  it("keeps the reason that somebody gave, whatever Slurm adds to it of a node that is silent", () => {
    const silent = CAPTURED.replace("|root|", "|slurm|")
      .replace("see ticket", "see ticket : Not responding")
      .replace("cpu-1|allocated|Unknown|Unknown|none", "cpu-1|down*|slurm|Unknown|Not responding");
    const reasons = parseStatus(manifest, silent).nodes.map(({ slurm }) => slurm?.reason);
    expect(reasons).toEqual(["Not responding", undefined, "GPU 1 is broken | see ticket"]);
  });

  it("tells what somebody has drained on purpose from what Slurm, or a check of ours, has", () => {
    const onPurpose = (state: string, reason: string, by: string) =>
      parseStatus(manifest, `\fnodes\ncpu-1|${state}|${by}|Unknown|${reason}`).nodes[0]?.slurm?.onPurpose;
    expect(onPurpose("drained*", "ohpc stop by eve@desk : Not responding", "slurm")).toBe(true);
    expect(onPurpose("draining", "bad fan", "alice")).toBe(true);
    expect(onPurpose("down", "bad disk", "root")).toBe(true);
    expect(onPurpose("down*", "Not responding", "slurm")).toBe(false);
    expect(onPurpose("drained", "Prolog error", "slurm")).toBe(false);
    expect(onPurpose("drained", "ohpc up: Prolog error", "root")).toBe(false);
    expect(onPurpose("drained", "ohpc: /tmp is full", "root")).toBe(false);
    expect(onPurpose("down", "none", "Unknown")).toBe(false);
  });

  it("tells partitions, jobs, disks, daemons, version and generation", () => {
    expect(status.partitions).toEqual([
      { name: "cpu", default: true, up: true, timeLimit: "infinite", allocated: 1, idle: 0, other: 0, total: 1 },
      { name: "gpu", default: false, up: true, timeLimit: "1-00:00:00", allocated: 0, idle: 0, other: 1, total: 1 },
    ]);
    expect(status.jobs).toEqual({ PENDING: 1, RUNNING: 12 });
    expect(status.disks[0]).toEqual({
      path: "/srv/ohpc/state",
      sizeBytes: 270553174016,
      usedBytes: 35705376768,
      availableBytes: 62087917568,
      answers: true,
      inodes: 16777216,
      inodesUsed: 904762,
    });
    expect(status.disks.slice(1)).toMatchObject([
      { path: "/srv/efs", answers: true, inodes: 0 },
      { path: "/home", answers: false, sizeBytes: 0 },
    ]);
    expect(status).toMatchObject({ slurmVersion: "24.11.5", generation: 7, generationSeconds: 180 });
    expect(status).toMatchObject({ services: { slurmdbd: "inactive" }, silent: ["mariadb"] });
    expect(status.controller.answers).toBe(true);
  });

  it("reads what a master tells that was never configured", () => {
    const blank = parseStatus(
      manifest,
      "\fversion\n\fcontroller\n\fservices\nslurmctld\x1finactive\n\fdisks\n\fgeneration\n\funits\n",
    );
    expect(blank.controller.answers).toBe(false);
    expect(blank).not.toHaveProperty("generation");
    expect(blank.nodes.map(({ unit }) => unit)).toEqual(Array(3).fill({ unreachable: "the master could not ask it" }));
  });
});
