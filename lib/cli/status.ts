import type { Command } from "commander";
import Table from "cli-table3";
import { openDeployment } from "../operate/deployment";
import { masterOf } from "../operate/master";
import { type ClusterStatus, clusterStatus, type NodeStatus } from "../operate/status";
import { Duration } from "../units";
import { here, terminalFor, withJson } from "./options";
import { plainTable } from "./table";
import { paint } from "./terminal";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command.argument("<stack>", "name of the stack");
  withJson(command).action(async (stack: string, options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const { manifest, ...deployment } = await openDeployment(stack, here());
    // Who asks how it is wants to hear soon that it is not.
    const status = await clusterStatus(manifest, masterOf({ manifest, ...deployment }, Duration.seconds(5)));
    terminal.result({ ok: true, stack, cluster: manifest.cluster, ...status }, () =>
      statusText(manifest.cluster, status),
    );
  });
  explain(command, {
    examples: [
      ["ohpc status demo", "a table; nodes that do not answer are shown within seconds"],
      ["ohpc status demo --json | jq '.nodes[] | select(.unit.ok != true)'", "for programs"],
    ],
    outcomes: ["unreachable"],
  });
}

/** What people read. */
export function statusText(cluster: string, status: ClusterStatus): string {
  const { controller, services, slurmVersion, generation, nodes, partitions, jobs, disks } = status;
  const troubled = Object.entries(services).filter(([, state]) => state !== "active");
  const ready = nodes.filter(isReady).length;
  const jobLine = Object.entries(jobs).map(([state, count]) => `${count} ${state.toLowerCase()}`);
  return [
    `${paint("bold", cluster)}  Slurm ${slurmVersion ?? "is not installed"}, controller ${
      controller.answers ? paint("green", "answers") : paint("red", "does not answer")
    }${generation === undefined ? ", never configured" : `, configuration ${generation}`}`,
    `nodes  ${ready === nodes.length ? paint("green", `${ready} of ${nodes.length} ready`) : paint("yellow", `${ready} of ${nodes.length} ready`)}`,
    `jobs   ${jobLine.length === 0 ? "none" : jobLine.join(", ")}`,
    ...troubled.map(([service, state]) => paint("red", `${service} is ${state}`)),
    "",
    nodeTable(nodes),
    "",
    partitionTable(partitions),
    "",
    diskTable(disks),
  ].join("\n");
}

function isReady({ slurm, unit }: NodeStatus): boolean {
  return (
    slurm?.responds === true &&
    /^(idle|mixed|allocated|completing|planned)/.test(slurm.state) &&
    "ok" in unit &&
    unit.ok
  );
}

function nodeTable(nodes: readonly NodeStatus[]): string {
  const table = new Table({ ...plainTable, head: ["NODE", "POOL", "ADDRESS", "SLURM", "NODE UNIT", "WHY"] });
  for (const node of nodes) {
    const { host, pool, address, slurm, unit } = node;
    const state = slurm === undefined ? "unknown" : `${slurm.state}${slurm.responds ? "" : " (silent)"}`;
    const own = "unreachable" in unit ? "unreachable" : unit.stage;
    const reasons = [slurm?.reason === undefined ? "" : slurmReason(slurm.reason, slurm.by, slurm.at), ownReason(unit)];
    const colour = isReady(node) ? "green" : "yellow";
    table.push([
      host,
      pool,
      address,
      paint(colour, state),
      paint(colour, own),
      reasons.filter((reason) => reason !== "").join("; "),
    ]);
  }
  return trimmed(table.toString());
}

function slurmReason(reason: string, by: string | undefined, at: string | undefined): string {
  const who = [by === undefined || by === "" ? "" : `by ${by}`, at === undefined || at === "Unknown" ? "" : at]
    .filter(Boolean)
    .join(", ");
  return who === "" ? reason : `${reason} (${who})`;
}

function ownReason(unit: NodeStatus["unit"]): string {
  if ("unreachable" in unit) return unit.unreachable;
  return unit.ok ? "" : `${unit.message} (since ${unit.since}, tried ${unit.attempts} times)`;
}

function partitionTable(partitions: ClusterStatus["partitions"]): string {
  const table = new Table({
    ...plainTable,
    head: ["PARTITION", "STATE", "TIME LIMIT", "ALLOCATED", "IDLE", "OTHER", "TOTAL"],
  });
  for (const { name, default: isDefault, up, timeLimit, allocated, idle, other, total } of partitions) {
    table.push(
      [isDefault ? `${name}*` : name, up ? "up" : "down", timeLimit, allocated, idle, other, total].map(String),
    );
  }
  return trimmed(table.toString());
}

function diskTable(disks: ClusterStatus["disks"]): string {
  const table = new Table({ ...plainTable, head: ["DISK", "SIZE", "USED", ""] });
  for (const { path, sizeBytes, usedBytes } of disks) {
    table.push([
      path,
      gibibytes(sizeBytes),
      gibibytes(usedBytes),
      `${sizeBytes === 0 ? 0 : Math.round((100 * usedBytes) / sizeBytes)} %`,
    ]);
  }
  return trimmed(table.toString());
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

/** The table fills its last column with blanks. */
function trimmed(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
