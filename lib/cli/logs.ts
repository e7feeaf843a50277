import type { Command } from "commander";
import { collectLogs, type Logs } from "../operate/verbs/logs";
import { collected, here, terminalFor, withJson } from "./options";
import { explain } from "./verb-help";

interface LogsVerbOptions {
  readonly pool?: readonly string[];
  readonly out?: string;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .argument("[hosts...]", "nodes beside the master, e.g. cpu-1 or cpu-[1-4] (default: 20, those in trouble first)")
    .option("--pool <name>", "all nodes of this pool; may be given more than once", collected)
    .option("--out <file>", "where the archive goes (default: STACK-logs-TIME.tar.gz)");
  withJson(command).action(async (stack: string, hosts: string[], options: LogsVerbOptions) => {
    const terminal = terminalFor(options);
    const logs = await collectLogs(
      { stack, hosts, pools: options.pool ?? [], place: here(), out: options.out },
      terminal.progress,
    );
    terminal.result({ ok: true, stack, ...logs }, () => summary(logs));
  });
  explain(command, {
    examples: [
      ["ohpc logs demo", "one archive to send to whoever helps, without secrets and names of jobs"],
      ["ohpc logs demo cpu-[3-4] --out cpu.tar.gz", "of the master and these nodes"],
    ],
  });
}

function summary({ file, bytes, machines, missing }: Logs): readonly string[] {
  const size = bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
  return [
    `${file} (${size}): ${machines.length === 0 ? "no machine's own logs" : `logs of ${machines.join(", ")}`}`,
    ...missing.map((line) => `  without ${line}`),
    "secrets and the names of jobs are taken out; names of hosts and users, addresses and paths are in it",
  ];
}
