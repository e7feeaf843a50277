import type { Command } from "commander";
import { count } from "../operate/feedback/count";
import { EXIT_CODES } from "../operate/feedback/failure";
import { type Attention, isBehind } from "../operate/scheduler/attention";
import type { ClusterStatus, NodeStatus } from "../operate/scheduler/status";
import { type NodeWithMachine, type StackStatus, stackStatus } from "../operate/verbs/status";
import { foldHosts } from "../slurm/hostlist";
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
    const { login, problems } = status;
    const exitCode = problems.length === 0 ? EXIT_CODES.done : EXIT_CODES.attention;
    terminal.result({ ok: exitCode === EXIT_CODES.done, exitCode, stack, cluster, ...status }, () =>
      statusText(cluster, status, loginLines(login)),
    );
    process.exitCode = exitCode;
  });
  explain(command, {
    examples: [
      ["ohpc status demo", "a table; nodes that do not answer are shown within seconds"],
      ["ohpc status demo --json | jq '.nodes[] | select(.unit.ok != true)'", "for programs"],
      ["ohpc status demo --json | jq -r '.problems[].message'", "what needs attention; the exit code is 8 then"],
    ],
    outcomes: ["unreachable", "attention"],
  });
}

/** What people read. */
export function statusText(
  cluster: string,
  status: Omit<StackStatus, "cluster" | "login">,
  login: readonly string[] = [],
): readonly string[] {
  const { controller, slurmVersion, generation, nodes, partitions, jobs, disks, problems, unreadable } = status;
  const ready = nodes.filter((node) => isReady(node, status)).length;
  const jobLine = Object.entries(jobs).map(([state, number]) => `${number} ${state.toLowerCase()}`);
  return [
    `${paint("bold", cluster)}  Slurm ${slurmVersion ?? "is not installed"}, controller ${
      controller.answers ? paint("green", "answers") : paint("red", "does not answer")
    }${generation === undefined ? ", never configured" : `, configuration ${generation}`}`,
    `nodes  ${ready === nodes.length ? paint("green", `${ready} of ${nodes.length} ready`) : paint("yellow", `${ready} of ${nodes.length} ready`)}`,
    `jobs   ${jobLine.length === 0 ? "none" : jobLine.join(", ")}`,
    ...(unreadable === 0 ? [] : [paint("yellow", `${count(unreadable, "line")} of the master's answer made no sense`)]),
    "",
    ...nodeTable(nodes, status),
    "",
    ...partitionTable(partitions),
    "",
    ...diskTable(disks),
    ...(login.length === 0 ? [] : ["", ...login]),
    ...(problems.length === 0 ? [] : ["", ...attentionLines(problems)]),
  ];
}

/** At the end, where people look first: one line each, many nodes with the same trouble together, and what to do. */
function attentionLines(problems: readonly Attention[]): readonly string[] {
  const kinds = new Map<string, readonly Attention[]>();
  for (const problem of problems) {
    const kind = `${problem.code} ${problem.message}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), problem]);
  }
  const lines = [...kinds.values()].flatMap((same) => {
    const [first] = same;
    const hosts = same.flatMap(({ host }) => host ?? []);
    const where = hosts.length === 0 ? "" : `${foldHosts(hosts)}: `;
    return first === undefined ? [] : [`  ${where}${first.message}`, `    ${paint("dim", first.remedy)}`];
  });
  return [paint("red", "needs attention"), ...lines];
}

type Bundle = Pick<ClusterStatus, "generation" | "generationSeconds">;

function isReady(node: NodeStatus, bundle: Bundle): boolean {
  const { slurm, unit } = node;
  return (
    !isBehind(node, bundle) &&
    slurm?.responds === true &&
    /^(idle|mixed|allocated|completing|planned)/.test(slurm.state) &&
    "ok" in unit &&
    unit.ok
  );
}

function nodeTable(nodes: readonly NodeWithMachine[], bundle: Bundle): readonly string[] {
  const asked = nodes.some(({ machine }) => machine !== undefined);
  const head = ["NODE", "POOL", "ADDRESS", ...(asked ? ["MACHINE"] : []), "SLURM", "NODE UNIT", "WHY"];
  const rows = nodes.map((node) => {
    const { host, pool, address, machine, slurm, unit } = node;
    const state = slurm === undefined ? "unknown" : `${slurm.state}${slurm.responds ? "" : " (silent)"}`;
    const own = "unreachable" in unit ? "unreachable" : unit.stage;
    const reasons = [
      slurm?.reason === undefined ? "" : slurmReason(slurm.reason, slurm.by, slurm.at),
      machine === "stopped" ? "" : ownReason(unit),
      isBehind(node, bundle) ? behindText(unit, bundle) : "",
    ];
    const colour = isReady(node, bundle) ? "green" : "yellow";
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

function behindText(unit: NodeStatus["unit"], { generation = 0 }: Bundle): string {
  return "ok" in unit ? `behind: it has configuration ${unit.generation}, not ${generation}` : "";
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
  const rows = disks.map(({ path, answers, sizeBytes, usedBytes, availableBytes, inodes, inodesUsed }) => {
    // As df has it: what is reserved for root is no room.
    const room = percent(usedBytes, usedBytes + availableBytes);
    const files = inodes === 0 ? "" : percent(inodesUsed, inodes);
    return answers ? [path, gibibytes(sizeBytes), gibibytes(usedBytes), room, files] : [path, "does not answer"];
  });
  return tableOf(["DISK", "SIZE", "USED", "", "FILES"], rows);
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
