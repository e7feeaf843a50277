import type { Command } from "commander";
import { describeJob } from "../operate/scheduler/jobs";
import type { Apart } from "../operate/scheduler/set-apart";
import { type DrainedNodes, drainNodes } from "../operate/verbs/drain";
import { foldHosts } from "../slurm/hostlist";
import type { Duration } from "../units";
import { collected, here, span, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import { explain } from "./verb-help";

interface DrainVerbOptions {
  readonly reason: string;
  readonly pool?: readonly string[];
  readonly wait?: Duration;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .argument("[hosts...]", "nodes to set apart, e.g. cpu-1 or cpu-[1-4]")
    .requiredOption("--reason <text>", "why; Slurm shows it, with who you are")
    .option("--pool <name>", "all nodes of this pool; may be given more than once", collected)
    .option("--wait <duration>", "wait so long until no job runs there, e.g. 30m or 2h", span)
    .option("--force", "also where somebody has drained them for another reason, which is replaced");
  withJson(command).action(async (stack: string, hosts: string[], options: DrainVerbOptions) => {
    const terminal = terminalFor(options);
    const drained = await drainNodes(
      {
        stack,
        hosts,
        pools: options.pool ?? [],
        place: here(),
        reason: options.reason,
        force: options.force === true,
        wait: options.wait,
      },
      terminal.progress,
    );
    terminal.result({ ok: true, stack, ...drained }, () => summary(stack, drained));
  });
  explain(command, {
    examples: [
      ['ohpc drain demo cpu-3 --reason "bad fan"', "jobs that run there go on, no other begins"],
      ['ohpc drain demo --pool gpu --reason "new driver" --wait 2h', "until no job runs there any more"],
      ["ohpc undrain demo cpu-3", "give it back"],
    ],
    outcomes: ["busy", "unreachable"],
  });
}

function summary(stack: string, { drained, reason, kept, overruled, jobs }: DrainedNodes): readonly string[] {
  const nodes = foldHosts([...drained, ...kept.filter(({ by }) => by === "person").map(({ host }) => host)]);
  return [
    drained.length === 0
      ? "nothing had to be drained"
      : `${paint("green", "drained")}: ${foldHosts(drained)}; ${reason}`,
    ...overruled.map((one) => `  ${one.host} ${BEFORE[one.by]}: ${one.reason}`),
    ...kept.map((one) => `  ${one.host} ${keptWords(one, stack, reason)}`),
    ...jobs.map((job) => `  still runs: ${describeJob(job)}`),
    ...(nodes === "" ? [] : [`  ${paint("dim", "give back")}  ohpc undrain ${stack} ${nodes}`]),
  ];
}

const BEFORE: Readonly<Record<Apart["by"], string>> = {
  person: "was set apart by hand",
  stop: "was stopped",
  unit: "was drained by its node unit, and no longer comes back by itself",
  up: "was drained by ohpc up, and no longer comes back by itself",
  slurm: "was set apart by Slurm",
};

function keptWords({ by, reason: old }: Apart, stack: string, reason: string): string {
  if (by === "stop") return `is stopped, and stays so until ohpc resume ${stack}: ${old}`;
  return old === reason ? "is drained for that reason" : `was drained before, and keeps its reason (--force): ${old}`;
}
