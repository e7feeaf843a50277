import type { NodeUnitReport } from "../node/answers";
import { ASKED_REASON, UNIT_REASON } from "./drain";
import type { ClusterStatus, DiskStatus, NodeStatus } from "./status";

/** Something about a cluster that somebody should look at. */
export interface Attention {
  /** Short and stable, for scripts: `node.behind`. */
  readonly code: string;
  /** The machine that it is about. */
  readonly host?: string;
  /** What is wrong, without the host's name, so that many of a kind are one line for people. */
  readonly message: string;
  readonly remedy: string;
}

export interface AttentionInput extends Omit<ClusterStatus, "nodes"> {
  readonly stack: string;
  /** The master's name. */
  readonly master: string;
  /** `machine` is what the vendor says of it, where it was asked. */
  readonly nodes: readonly (NodeStatus & { readonly machine?: string })[];
}

/** Nodes take a new bundle when they are kicked, within seconds; those that did not hear it look once a minute, and have a minute to come to the end. */
const BEHIND_SECONDS = 120;

/** A unit that runs comes to an end every minute or two, and says so. */
const STALE_SECONDS = 300;

/** How full a disk may be: of a large one, too, a job's output takes the last gibibyte in seconds. */
const FULL_SHARE = 0.95;
const LAST_BYTES = 1024 ** 3;
/** Of one that is smaller, a gibibyte is no small part. */
const LARGE_BYTES = 20 * 1024 ** 3;

/**
 * What needs attention. Nodes that somebody has drained on purpose, or `ohpc stop` has stopped, do not. Pure.
 */
export function attentionOf(status: AttentionInput): readonly Attention[] {
  const { stack, master, disks, generation, nodes } = status;
  const full = disks.flatMap((disk) => diskAttention(disk, master, stack));
  if (generation === undefined) {
    const remedy = `ohpc up ${stack}, or ohpc configure ${stack}`;
    return [...full, { code: "cluster.unconfigured", message: "the cluster was never configured", remedy }];
  }
  return [
    ...daemonAttention(status),
    ...full,
    ...nodes.flatMap((node) => {
      const found = nodeAttention(node, status);
      return found === undefined ? [] : [{ ...found, host: node.host }];
    }),
  ];
}

/** Whether a node has not taken what the master has had for its nodes for long enough. */
export function isBehind(
  { unit }: Pick<NodeStatus, "unit">,
  { generation = 0, generationSeconds = Infinity }: Pick<ClusterStatus, "generation" | "generationSeconds">,
): boolean {
  return "ok" in unit && unit.generation < generation && generationSeconds >= BEHIND_SECONDS;
}

const LOGS: Readonly<Record<string, string>> = {
  slurmctld: "/var/log/slurm/slurmctld.log",
  slurmdbd: "/var/log/slurm/slurmdbd.log",
};

function daemonAttention({ controller, master, services, silent, stack }: AttentionInput): readonly Attention[] {
  const look = (unit: string) => {
    const log = LOGS[unit] ?? `journalctl --unit ${unit}`;
    return `look at it (ohpc ssh ${stack}, systemctl status ${unit}, ${log}); systemctl restart ${unit} starts it anew`;
  };
  const found = Object.entries(services).flatMap(([unit, state]): readonly Attention[] => {
    if (state !== "active")
      return [{ code: "daemon.inactive", host: master, message: `${unit} is ${state}`, remedy: look(unit) }];
    // Whoever waits for one that hangs is silent, too.
    const waits = unit !== "munge" && silent.includes("munge");
    const waitsForData = unit === "slurmdbd" && (silent.includes("mariadb") || services["mariadb"] !== "active");
    if (!silent.includes(unit) || waits || waitsForData) return [];
    return [{ code: "daemon.silent", host: master, message: `${unit} runs and does not answer`, remedy: look(unit) }];
  });
  if (found.length > 0 || controller.answers) return found;
  const [said = "nothing"] = controller.message.split("\n");
  const remedy = `ohpc configure ${stack} writes Slurm's files anew; else look at ${LOGS["slurmctld"] ?? ""}`;
  return [{ code: "controller.unasked", host: master, message: `slurmctld cannot be asked: ${said}`, remedy }];
}

function diskAttention(disk: DiskStatus, host: string, stack: string): readonly Attention[] {
  const { path, answers, availableBytes, inodes, inodesUsed, sizeBytes, usedBytes } = disk;
  const remedy = `make room (ohpc ssh ${stack}, du --one-file-system --max-depth=2 ${path}), or give the disk a larger size`;
  if (!answers) {
    const server = `see whether the server that it comes from is there (ohpc ssh ${stack}, findmnt ${path})`;
    return [{ code: "disk.silent", host, message: `${path} does not answer`, remedy: server }];
  }
  const share = usedBytes / Math.max(1, usedBytes + availableBytes);
  if (share >= FULL_SHARE || (availableBytes < LAST_BYTES && sizeBytes >= LARGE_BYTES)) {
    const left = `${(availableBytes / 1024 ** 2).toFixed(0)} MiB left`;
    return [{ code: "disk.full", host, message: `${path} is ${Math.round(100 * share)} % full, ${left}`, remedy }];
  }
  if (inodes > 0 && inodesUsed / inodes >= FULL_SHARE) {
    const message = `${path} can hold ${inodes - inodesUsed} more files: ${Math.round((100 * inodesUsed) / inodes)} % of its inodes are taken`;
    return [{ code: "disk.inodes", host, message, remedy }];
  }
  return [];
}

type Found = Omit<Attention, "host">;

function nodeAttention(
  node: AttentionInput["nodes"][number],
  status: Pick<AttentionInput, "controller" | "generation" | "generationSeconds" | "stack">,
): Found | undefined {
  const { machine, slurm, unit, host } = node;
  const { controller, generation = 0, stack } = status;
  if (slurm?.onPurpose === true) return undefined;
  if (machine === "stopped") {
    return { code: "node.stopped", message: "its machine is stopped", remedy: `ohpc resume ${stack} ${host}` };
  }
  const log = `ohpc ssh ${stack} ${host}, journalctl --unit ohpc-node`;
  if ("unreachable" in unit) {
    const remedy = `ohpc up ${stack} starts or makes what is missing`;
    return { code: "node.unreachable", message: `its node unit cannot be asked: ${unit.unreachable}`, remedy };
  }
  if (!unit.ok) return { code: "node.unready", message: unitWords(unit), remedy: `it tries again by itself; ${log}` };
  if (unit.age !== undefined && unit.age >= STALE_SECONDS) {
    const message = `its node unit said ${Math.floor(unit.age / 60)} minutes ago that it is ready, and nothing since`;
    return { code: "node.stale", message, remedy: `see why its node unit does not run: ${log}` };
  }
  if (isBehind(node, status)) {
    const message = `it has configuration ${unit.generation}, not ${generation}: accounts and settings may be old`;
    return { code: "node.behind", message, remedy: `see why its node unit does not come to an end: ${log}` };
  }
  return (
    (controller.answers ? slurmAttention(node, stack) : undefined) ??
    (unit.message === "" ? undefined : { code: "node.lacks", message: unit.message, remedy: log })
  );
}

function unitWords({ stage, message, since }: NodeUnitReport): string {
  return `${stage}: ${message} (since ${since})`;
}

function slurmAttention({ slurm, host }: NodeStatus, stack: string): Found | undefined {
  if (slurm === undefined) {
    return { code: "node.unknown", message: "slurmctld does not know it", remedy: `ohpc configure ${stack}` };
  }
  const { state, responds, reason = "no reason given" } = slurm;
  if (/^drain/.test(state)) return { code: "node.drained", ...drained(reason, host, stack) };
  if (!responds || !/^(idle|mixed|allocated|completing|planned|reserved|maint|reboot)/.test(state)) {
    const silent = responds ? "" : " and silent";
    return {
      code: "node.down",
      message: `Slurm has it ${state}${silent}: ${reason}`,
      remedy: `ohpc up ${stack} brings it back, or says why not`,
    };
  }
  return undefined;
}

function drained(reason: string, host: string, stack: string): Omit<Found, "code"> {
  if (reason.startsWith(UNIT_REASON)) {
    return { message: `it was drained: ${reason}`, remedy: "mend it: it is given back by itself within a minute" };
  }
  if (reason.startsWith(ASKED_REASON)) {
    return { message: `it was drained: ${reason}`, remedy: `mend it, then ohpc up ${stack}: it tries the node again` };
  }
  const remedy = `mend it, then give it back: ohpc undrain ${stack} ${host}`;
  return { message: `Slurm has drained it: ${reason}`, remedy };
}
