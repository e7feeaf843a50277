import type { Command } from "commander";
import { count } from "../operate/feedback/count";
import type { ClusterStatus, NodeStatus } from "../operate/scheduler/status";
import { type NodeWithMachine, type StackStatus, stackStatus } from "../operate/verbs/status";
import { here, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import { loginLines } from "./login-lines";
import { tableOf } from "./table";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command.argument("<stack>", "name of the stack");
  withJson(command).action(async (stack: string, options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const { cluster, ...status } = await stackStatus(stack, here());
    terminal.result({ ok: true, stack, cluster, ...status }, () => [
      ...statusText(cluster, status),
      "",
      ...loginLines(status.login),
    ]);
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
export function statusText(cluster: string, status: Omit<StackStatus, "cluster" | "login">): readonly string[] {
  const { controller, services, slurmVersion, generation, nodes, partitions, jobs, disks, unreadable } = status;
  const troubled = Object.entries(services).filter(([, state]) => state !== "active");
  const ready = nodes.filter(isReady).length;
  const jobLine = Object.entries(jobs).map(([state, number]) => `${number} ${state.toLowerCase()}`);
  return [
    `${paint("bold", cluster)}  Slurm ${slurmVersion ?? "is not installed"}, controller ${
      controller.answers ? paint("green", "answers") : paint("red", "does not answer")
    }${generation === undefined ? ", never configured" : `, configuration ${generation}`}`,
    `nodes  ${ready === nodes.length ? paint("green", `${ready} of ${nodes.length} ready`) : paint("yellow", `${ready} of ${nodes.length} ready`)}`,
    `jobs   ${jobLine.length === 0 ? "none" : jobLine.join(", ")}`,
    ...troubled.map(([service, state]) => paint("red", `${service} is ${state}`)),
    ...(unreadable === 0 ? [] : [paint("yellow", `${count(unreadable, "line")} of the master's answer made no sense`)]),
    "",
    ...nodeTable(nodes),
    "",
    ...partitionTable(partitions),
    "",
    ...diskTable(disks),
  ];
}

function isReady({ slurm, unit }: NodeStatus): boolean {
  return (
    slurm?.responds === true &&
    /^(idle|mixed|allocated|completing|planned)/.test(slurm.state) &&
    "ok" in unit &&
    unit.ok
  );
}

function nodeTable(nodes: readonly NodeWithMachine[]): readonly string[] {
  const asked = nodes.some(({ machine }) => machine !== undefined);
  const head = ["NODE", "POOL", "ADDRESS", ...(asked ? ["MACHINE"] : []), "SLURM", "NODE UNIT", "WHY"];
  const rows = nodes.map((node) => {
    const { host, pool, address, machine, slurm, unit } = node;
    const state = slurm === undefined ? "unknown" : `${slurm.state}${slurm.responds ? "" : " (silent)"}`;
    const own = "unreachable" in unit ? "unreachable" : unit.stage;
    const reasons = [
      slurm?.reason === undefined ? "" : slurmReason(slurm.reason, slurm.by, slurm.at),
      machine === "stopped" ? "" : ownReason(unit),
    ];
    const colour = isReady(node) ? "green" : "yellow";
    return [
      host,
      pool,
      address,
      ...(asked ? [machine ?? "?"] : []),
      paint(colour, state),
      paint(colour, own),
      reasons.filter((reason) => reason !== "").join("; "),
    ];
  });
  return tableOf(head, rows);
}

function slurmReason(reason: string, by: string | undefined, at: string | undefined): string {
  const who = [by === undefined || by === "" ? "" : `by ${by}`, at === undefined || at === "Unknown" ? "" : at]
    .filter(Boolean)
    .join(", ");
  return who === "" ? reason : `${reason} (${who})`;
}

function ownReason(unit: NodeStatus["unit"]): string {
  if ("unreachable" in unit) return unit.unreachable;
  return unit.ok ? unit.message : `${unit.message} (since ${unit.since}, tried ${unit.attempts} times)`;
}

function partitionTable(partitions: ClusterStatus["partitions"]): readonly string[] {
  const rows = partitions.map(({ name, default: isDefault, up, timeLimit, allocated, idle, other, total }) =>
    [isDefault ? `${name}*` : name, up ? "up" : "down", timeLimit, allocated, idle, other, total].map(String),
  );
  return tableOf(["PARTITION", "STATE", "TIME LIMIT", "ALLOCATED", "IDLE", "OTHER", "TOTAL"], rows);
}

function diskTable(disks: ClusterStatus["disks"]): readonly string[] {
  const rows = disks.map(({ path, sizeBytes, usedBytes }) => [
    path,
    gibibytes(sizeBytes),
    gibibytes(usedBytes),
    `${sizeBytes === 0 ? 0 : Math.round((100 * usedBytes) / sizeBytes)} %`,
  ]);
  return tableOf(["DISK", "SIZE", "USED", ""], rows);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
