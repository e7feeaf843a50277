import { type AttentionInput, attentionOf } from "../../../lib/operate/scheduler/attention";
import { type DiskStatus, parseStatus } from "../../../lib/operate/scheduler/status";
import { viewOf } from "../../support/cluster-builder";

const { manifest } = viewOf({ pools: { cpu: 1 } });
const GIB = 1024 ** 3;

const UNIT = { stage: "ready", ok: true, message: "", generation: 4, since: "2026-11-22T15:47:31Z", attempts: 1 };
const IDLE = { state: "idle", responds: true, onPurpose: false };
const DISK: DiskStatus = {
  path: "/home",
  answers: true,
  sizeBytes: 100 * GIB,
  usedBytes: 50 * GIB,
  availableBytes: 50 * GIB,
  inodes: 1000,
  inodesUsed: 10,
};

/** A cluster that is well, but for what is said. */
function input({ node = {}, ...rest }: Partial<AttentionInput> & { node?: object } = {}): AttentionInput {
  const blank = parseStatus(manifest, "");
  return {
    ...blank,
    controller: { answers: true, message: "Slurmctld(primary) at master is UP" },
    services: { munge: "active", mariadb: "active", slurmdbd: "active", slurmctld: "active" },
    generation: 4,
    generationSeconds: 600,
    disks: [DISK],
    nodes: blank.nodes.map((one) => ({ ...one, unit: UNIT, slurm: IDLE, ...node })),
    stack: "demo",
    master: "master",
    ...rest,
  };
}

const codes = (given?: Parameters<typeof input>[0]) => attentionOf(input(given)).map(({ code }) => code);
const slurm = (state: string, reason?: string, more: object = {}) => ({
  node: { slurm: { ...IDLE, state, reason, ...more } },
});
const unit = (more: object) => ({ node: { unit: { ...UNIT, ...more } } });

describe("a cluster", () => {
  it("that is well needs no attention", () => {
    expect(codes()).toEqual([]);
    for (const state of ["mixed", "allocated", "completing", "planned", "maint"])
      expect(codes(slurm(state))).toEqual([]);
  });

  it("that was never configured needs that, and nothing is said of what follows from it", () => {
    const services = { slurmctld: "inactive" };
    expect(codes({ generation: undefined, services, node: { slurm: undefined } })).toEqual(["cluster.unconfigured"]);
  });
});

describe("a daemon", () => {
  it("that does not run, or runs and does not answer, is named with where to look", () => {
    expect(attentionOf(input({ services: { munge: "active", slurmdbd: "failed" } }))).toMatchObject([
      { code: "daemon.inactive", host: "master", message: "slurmdbd is failed" },
    ]);
    const controller = { answers: false, message: "" };
    expect(attentionOf(input({ silent: ["slurmctld"], controller, node: { slurm: undefined } }))).toMatchObject([
      {
        code: "daemon.silent",
        message: "slurmctld runs and does not answer",
        remedy: expect.stringContaining("/var/log/slurm/slurmctld.log") as string,
      },
    ]);
  });

  it("that only waits for another is not named beside it", () => {
    expect(attentionOf(input({ silent: ["mariadb", "slurmdbd"] })).map(({ message }) => message)).toEqual([
      "mariadb runs and does not answer",
    ]);
    const all = ["munge", "mariadb", "slurmdbd", "slurmctld"];
    expect(attentionOf(input({ silent: ["munge", ...all.slice(2)] })).map(({ message }) => message)).toEqual([
      "munge runs and does not answer",
    ]);
  });

  it("that nobody can ask is told with what Slurm's programs say", () => {
    const controller = { answers: false, message: "scontrol: fatal: Unable to process configuration file" };
    expect(attentionOf(input({ controller, node: { slurm: undefined } }))).toMatchObject([
      { code: "controller.unasked", message: expect.stringContaining("Unable to process") as string },
    ]);
  });
});

describe("a disk", () => {
  const disk = (more: Partial<DiskStatus>) => ({ disks: [{ ...DISK, ...more }] });

  it("needs attention from 95 %, and a large one with less than a gibibyte left", () => {
    expect(codes(disk({ usedBytes: 94 * GIB, availableBytes: 6 * GIB }))).toEqual([]);
    expect(attentionOf(input(disk({ usedBytes: 95 * GIB, availableBytes: 5 * GIB })))).toMatchObject([
      { code: "disk.full", host: "master", message: "/home is 95 % full, 5120 MiB left" },
    ]);
    const little = { usedBytes: 12 * GIB, availableBytes: 0.9 * GIB };
    expect(codes(disk({ ...little, sizeBytes: 20 * GIB }))).toEqual(["disk.full"]);
    expect(codes(disk({ ...little, sizeBytes: 13 * GIB }))).toEqual([]);
  });

  it("needs attention when it can hold hardly any more files, where it counts them", () => {
    expect(codes(disk({ inodesUsed: 950 }))).toEqual(["disk.inodes"]);
    expect(codes(disk({ inodes: 0, inodesUsed: 0 }))).toEqual([]);
  });

  it("needs attention when its server is silent", () => {
    expect(codes(disk({ answers: false, sizeBytes: 0, usedBytes: 0, availableBytes: 0 }))).toEqual(["disk.silent"]);
  });
});

describe("a node", () => {
  it("needs attention when it, its unit or Slurm says so, in one line", () => {
    expect(codes({ node: { unit: { unreachable: "no answer" }, slurm: { ...IDLE, state: "down" } } })).toEqual([
      "node.unreachable",
    ]);
    expect(codes(unit({ ok: false, stage: "mounts", message: "x" }))).toEqual(["node.unready"]);
    expect(codes(unit({ message: "its software is of older roles" }))).toEqual(["node.lacks"]);
    expect(codes({ node: { slurm: undefined } })).toEqual(["node.unknown"]);
    for (const state of ["down", "fail", "inval", "unknown"]) expect(codes(slurm(state, "x"))).toEqual(["node.down"]);
    expect(codes(slurm("idle", undefined, { responds: false }))).toEqual(["node.down"]);
  });

  it("is behind when it has not taken what the master has had for two minutes", () => {
    expect(codes(unit({ generation: 3 }))).toEqual(["node.behind"]);
    expect(codes({ ...unit({ generation: 3 }), generationSeconds: 119 })).toEqual([]);
  });

  it("is not believed to be ready for ever, where its unit runs no more", () => {
    expect(attentionOf(input(unit({ age: 320 })))).toMatchObject([
      { code: "node.stale", message: "its node unit said 5 minutes ago that it is ready, and nothing since" },
    ]);
    expect(codes(unit({ age: 299 }))).toEqual([]);
  });

  it("that Slurm drained needs attention, and who drained it tells how it comes back", () => {
    const remedy = (reason: string) => attentionOf(input(slurm("drained", reason)))[0]?.remedy;
    expect(remedy("Prolog error")).toContain("ohpc undrain demo cpu-1");
    expect(remedy("ohpc up: Prolog error")).toContain("ohpc up demo");
    expect(remedy("ohpc: /tmp is full")).toContain("by itself");
  });

  it("that somebody drained, or stopped by ohpc, is no fault; one that stopped otherwise is", () => {
    const gone = { unit: { unreachable: "no answer" }, machine: "stopped" };
    const drained = { ...IDLE, state: "drained", reason: "bad fan", onPurpose: true };
    expect(codes({ node: { ...gone, slurm: drained } })).toEqual([]);
    expect(codes({ node: { ...gone, slurm: { ...IDLE, state: "down", responds: false } } })).toEqual(["node.stopped"]);
  });
});
