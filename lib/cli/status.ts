import type { PowerState } from "../clouds/power";
import type { Command } from "commander";
import Table from "cli-table3";
import { openDeployment } from "../operate/cluster/deployment";
import { type MachineStates, machineStates, stoppedFailure } from "../operate/power/machine-states";
import { masterOf } from "../operate/access/master";
import { RemoteError } from "../operate/exec/remote/remote";
import { type ClusterStatus, clusterStatus, type NodeStatus } from "../operate/scheduler/status";
import { Duration } from "../units";
import { here, terminalFor, withJson } from "./options";
import { plainTable, trimmed } from "./table";
import { paint } from "./paint";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command.argument("<stack>", "name of the stack");
  withJson(command).action(async (stack: string, options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const place = here();
    const { manifest, ...deployment } = await openDeployment(stack, place);
    // Who asks how it is wants to hear soon that it is not.
    const master = masterOf({ manifest, ...deployment }, Duration.seconds(5));
    const status = await clusterStatus(manifest, master).catch(async (error: unknown) => {
      if (!(error instanceof RemoteError) || error.failure !== "unreachable") throw error;
      throw stoppedFailure(stack, manifest, await machineStates(manifest, place.env)) ?? error;
    });
    // Vendors are asked only where it explains something.
    const silent = status.nodes.some(({ unit }) => "unreachable" in unit);
    const machines: MachineStates = silent ? await machineStates(manifest, place.env) : new Map();
    const nodes = status.nodes.map((node) => {
      const machine = machines.get(node.host);
      return machine === undefined ? node : { ...node, machine };
    });
    terminal.result({ ok: true, stack, cluster: manifest.cluster, ...status, nodes }, () =>
      statusText(manifest.cluster, { ...status, nodes }),
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

type ShownNode = NodeStatus & { readonly machine?: PowerState };
type ShownStatus = Omit<ClusterStatus, "nodes"> & { readonly nodes: readonly ShownNode[] };

/** What people read. */
export function statusText(cluster: string, status: ShownStatus): string {
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

function nodeTable(nodes: readonly ShownNode[]): string {
  const asked = nodes.some(({ machine }) => machine !== undefined);
  const head = ["NODE", "POOL", "ADDRESS", ...(asked ? ["MACHINE"] : []), "SLURM", "NODE UNIT", "WHY"];
  const table = new Table({ ...plainTable, head });
  for (const node of nodes) {
    const { host, pool, address, machine, slurm, unit } = node;
    const state = slurm === undefined ? "unknown" : `${slurm.state}${slurm.responds ? "" : " (silent)"}`;
    const own = "unreachable" in unit ? "unreachable" : unit.stage;
    const reasons = [
      slurm?.reason === undefined ? "" : slurmReason(slurm.reason, slurm.by, slurm.at),
      machine === "stopped" ? "" : ownReason(unit),
    ];
    const colour = isReady(node) ? "green" : "yellow";
    table.push([
      host,
      pool,
      address,
      ...(asked ? [machine ?? "?"] : []),
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
  return unit.ok ? unit.message : `${unit.message} (since ${unit.since}, tried ${unit.attempts} times)`;
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
