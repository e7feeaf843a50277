import type { Command } from "commander";
import { type UndrainedNodes, undrainNodes } from "../operate/verbs/undrain";
import { foldHosts } from "../slurm/hostlist";
import { collected, here, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import { explain } from "./verb-help";

interface UndrainVerbOptions {
  readonly pool?: readonly string[];
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .argument("[hosts...]", "nodes to give back, e.g. cpu-1 or cpu-[1-4]")
    .option("--pool <name>", "all nodes of this pool; may be given more than once", collected);
  withJson(command).action(async (stack: string, hosts: string[], options: UndrainVerbOptions) => {
    const terminal = terminalFor(options);
    const undrained = await undrainNodes({ stack, hosts, pools: options.pool ?? [], place: here() }, terminal.progress);
    terminal.result({ ok: true, stack, ...undrained }, () => summary(stack, undrained));
  });
  explain(command, {
    examples: [
      ["ohpc undrain demo cpu-3", "whoever has drained it: somebody, or Slurm"],
      ["ohpc undrain demo --pool gpu", "a whole pool"],
      ["ohpc resume demo cpu-3", "what ohpc stop has stopped"],
    ],
    outcomes: ["busy", "unreachable"],
  });
}

function summary(stack: string, { undrained, kept, free }: UndrainedNodes): readonly string[] {
  return [
    undrained.length === 0
      ? `nothing had to be given back${free.length === 0 ? "" : `: nobody has drained ${foldHosts(free)}`}`
      : `${paint("green", "given back")}: ${foldHosts(undrained.map(({ host }) => host))}`,
    ...undrained.map(({ host, reason }) => `  ${host} was set apart: ${reason}`),
    ...kept.map(({ host, by, reason }) =>
      by === "unit"
        ? `  ${host} comes back by itself when that is mended: ${reason}`
        : `  ${host} is silent; ohpc up ${stack} brings it back: ${reason}`,
    ),
  ];
}
