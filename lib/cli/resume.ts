import type { Command } from "commander";
import { STOP_REASON } from "../operate/scheduler/drain";
import { planResume, resume, type Resumed, type ResumeOptions } from "../operate/verbs/resume";
import { foldHosts } from "../slurm/hostlist";
import type { Duration } from "../units";
import { answeredText } from "./answered-text";
import { collected, declaredBy, here, minutes, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import type { PlannedVerb } from "./verb";
import { explain } from "./verb-help";

interface ResumeVerbOptions {
  readonly pool?: readonly string[];
  readonly timeout?: Duration;
  readonly json?: boolean;
}

/** Its arguments and options, but for how it is told. */
function declare(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .argument("[hosts...]", "machines to start, e.g. cpu-1 or cpu-[1-4] (default: all)")
    .option("--pool <name>", "all nodes of this pool; may be given more than once", collected)
    .option(
      "--timeout <minutes>",
      "how long machines, and then nodes, may take until they are there (default: 15; on local clusters 2)",
      minutes,
    );
}

function request(stack: string, hosts: readonly string[], options: ResumeVerbOptions): ResumeOptions {
  return { stack, hosts, pools: options.pool ?? [], place: here(), limit: options.timeout };
}

export const planned: PlannedVerb = {
  plan: async (stack, words, progress) => {
    const command = await declaredBy(declare, stack, words);
    const [, hosts] = command.processedArgs as [string, string[]];
    return planResume(request(stack, hosts, command.opts<ResumeVerbOptions>()), progress);
  },
};

export function define(command: Command): void {
  declare(command);
  withJson(command).action(async (stack: string, hosts: string[], options: ResumeVerbOptions) => {
    const terminal = terminalFor(options);
    const resumed = await resume(request(stack, hosts, options), terminal.progress);
    const { cluster, started, readiness } = resumed;
    terminal.result({ ok: true, stack, cluster, started, nodes: readiness }, () => summary(resumed));
  });
  explain(command, {
    examples: [
      ["ohpc resume demo", "the whole cluster, the master first; nodes drained by hand stay drained"],
      ["ohpc resume demo --pool gpu", "some of it, and the master if it is stopped"],
    ],
    outcomes: ["busy", "unreachable"],
  });
}

function summary({ started, readiness }: Resumed): readonly string[] {
  const { drained } = readiness;
  const stopped = drained.filter(({ reason }) => reason.startsWith(STOP_REASON));
  const byHand = drained.filter(({ reason }) => !reason.startsWith(STOP_REASON));
  const state = answeredText(readiness, [
    ...(stopped.length > 0 ? [`${stopped.length} stopped`] : []),
    ...(byHand.length > 0 ? [`${byHand.length} drained`] : []),
  ]);
  return [
    started.length === 0
      ? `nothing had to be resumed: ${state}`
      : `${paint("green", "resumed")}: ${foldHosts(started)}; ${state}`,
    ...byHand.map(({ node, reason }) => `  ${node} stays drained: ${reason}`),
  ];
}
