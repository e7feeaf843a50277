import type { Command } from "commander";
import { up, type UpResult } from "../operate/up";
import { Duration } from "../units";
import { consenterAt } from "./consenter";
import { groundworkFor } from "./groundwork";
import { here, positiveNumber, terminalFor, withJson } from "./options";
import { paint } from "./terminal";
import { explain } from "./verb-help";

interface UpVerbOptions {
  readonly yes?: boolean;
  readonly timeout?: number;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .option("--yes", "agree beforehand to replacing or destroying machines, disks or networks")
    .option(
      "--timeout <minutes>",
      "how long nodes may take until they are ready (default: 15; on local clusters 2)",
      positiveNumber,
    );
  withJson(command).action(async (stack: string, options: UpVerbOptions) => {
    const terminal = terminalFor(options);
    const result = await up(
      {
        stack,
        place: here(),
        consenter: consenterAt(terminal, options.yes === true),
        groundworkFor,
        ...(options.timeout !== undefined && { limit: Duration.minutes(options.timeout) }),
      },
      terminal.progress,
    );
    terminal.result(document(stack, result), () => summary(stack, result));
  });
  explain(command, {
    examples: [
      ["ohpc up demo", "from nothing to a cluster; again: only what has changed"],
      ["ohpc up demo --yes", "also where that replaces or destroys something"],
      ["ohpc up demo --json > up.json", "in a pipeline"],
    ],
    outcomes: ["consent", "busy", "unreachable"],
  });
}

function document(stack: string, { deployment, readiness, ...rest }: UpResult): object {
  const { manifest } = deployment;
  return { ok: true, stack, cluster: manifest.cluster, access: manifest.master.access, nodes: readiness, ...rest };
}

function summary(
  stack: string,
  { deployment, readiness, phases, seconds, changes, configured, started }: UpResult,
): string {
  const { wish } = deployment;
  const { nodes, answered, busy, aside } = readiness;
  const partitions = wish.partitions.map(({ name }) => name).join(", ");
  const others = [
    ...(busy > 0 ? [`${busy} busy with jobs`] : []),
    ...(aside.length > 0 ? [`${aside.length} drained`] : []),
  ];
  const nothing = changes.length === 0 && configured.length === 0 && started.length === 0;
  const [user] = wish.users.users;
  const row = (what: string, text: string) => `  ${paint("dim", what.padEnd(8))} ${text}`;
  return [
    `${paint("green", "up")}: ${paint("bold", wish.cluster)}, ${answered} of ${nodes} nodes answered${others.length === 0 ? "" : ` (${others.join(", ")})`}${nothing ? "; nothing had to be changed" : ""}`,
    row(
      "nodes",
      `${deployment.manifest.pools.map(({ hosts }) => hosts).join(" ")} in ${wish.partitions.length === 1 ? "partition" : "partitions"} ${partitions}`,
    ),
    row(
      "log in",
      `ohpc ssh ${stack}${user === undefined ? "" : `    or as a user: ohpc ssh ${stack} --as ${user.name}`}`,
    ),
    row(
      "try",
      user === undefined
        ? `ohpc status ${stack}`
        : `ohpc smoke ${stack} hello    ohpc smoke ${stack} hpl    ohpc status ${stack}`,
    ),
    row(
      "took",
      `${seconds.toFixed(1)} s: ${phases.map(({ phase, seconds: took }) => `${phase.toLowerCase()} ${took.toFixed(1)}`).join(", ")}`,
    ),
  ].join("\n");
}
