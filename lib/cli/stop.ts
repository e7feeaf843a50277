import type { Command } from "commander";
import type { Consenter } from "../operate/feedback/consent";
import { describeJob } from "../operate/scheduler/jobs";
import { planStop, stop, type StopOptions, type Stopped } from "../operate/verbs/stop";
import { foldHosts } from "../slurm/hostlist";
import type { Duration } from "../units";
import { consenterAt } from "./consenter";
import {
  collected,
  declaredBy,
  here,
  minutes,
  terminalFor,
  treatmentIn,
  type TreatmentOptions,
  withJson,
  withTreatment,
} from "./options";
import { paint } from "./paint";
import type { PlannedVerb } from "./verb";
import { explain } from "./verb-help";

interface StopVerbOptions extends TreatmentOptions {
  readonly pool?: readonly string[];
  readonly all?: boolean;
  readonly endSpot?: boolean;
  readonly yes?: boolean;
  readonly timeout?: Duration;
  readonly json?: boolean;
}

/** Its arguments and options, but for how it is told. */
function declare(command: Command): void {
  withTreatment(
    command
      .argument("<stack>", "name of the stack")
      .argument("[hosts...]", "nodes to stop, e.g. cpu-1 or cpu-[1-4] (default: all nodes, not the master)")
      .option("--pool <name>", "all nodes of this pool; may be given more than once", collected)
      .option("--all", "the whole cluster, the master last")
      .option("--end-spot", "end spot machines that cannot be stopped; `ohpc up` makes them anew")
      .option("--yes", "agree beforehand to ending the jobs on these machines")
      .option("--timeout <minutes>", "how long machines may take to stop (default: 10)", minutes),
  );
}

function request(stack: string, hosts: readonly string[], options: StopVerbOptions, consenter: Consenter): StopOptions {
  return {
    stack,
    hosts,
    pools: options.pool ?? [],
    place: here(),
    consenter,
    all: options.all === true,
    endSpot: options.endSpot === true,
    limit: options.timeout,
  };
}

export const planned: PlannedVerb = {
  plan: async (stack, words, progress) => {
    const command = await declaredBy(declare, stack, words);
    const [, hosts] = command.processedArgs as [string, string[]];
    const options = command.opts<StopVerbOptions>();
    return planStop(request(stack, hosts, options, { yes: false, treatment: treatmentIn(options) }), progress);
  },
};

export function define(command: Command): void {
  declare(command);
  withJson(command).action(async (stack: string, hosts: string[], options: StopVerbOptions) => {
    const terminal = terminalFor(options);
    const consenter = consenterAt(terminal, options.yes === true, treatmentIn(options));
    const stopped = await stop(request(stack, hosts, options, consenter), terminal.progress);
    terminal.result({ ok: true, stack, ...stopped }, () => summary(stack, stopped));
  });
  explain(command, {
    examples: [
      ["ohpc stop demo", "all nodes; the master stays, and takes jobs for later"],
      ["ohpc stop demo --all", "the whole cluster, the master last"],
      ["ohpc stop demo --pool gpu cpu-[3-4]", "some of it"],
      ["ohpc stop demo --wait 2h", "when its jobs are over, within two hours; none is ended"],
      ['ohpc plan demo --for "stop --pool gpu"', "what it would do, and whose jobs it would end"],
      ["ohpc cost demo", "what that saves, and what is billed on"],
    ],
    outcomes: ["consent", "busy"],
  });
}

function summary(stack: string, { stopped, ended, already, jobs }: Stopped): readonly string[] {
  if (stopped.length + ended.length === 0) {
    return [
      already.length === 0
        ? "there is nothing to stop"
        : `nothing had to be stopped: ${foldHosts(already)} ${already.length === 1 ? "is" : "are"} stopped`,
    ];
  }
  return [
    ...(stopped.length === 0 ? [] : [`${paint("green", "stopped")}: ${foldHosts(stopped)}`]),
    ...(ended.length === 0 ? [] : [`${paint("green", "ended")}: ${foldHosts(ended)}; made anew by ohpc up ${stack}`]),
    ...jobs.map((job) => `  ${job.requeue === true ? "back in the queue" : "job ended"}: ${describeJob(job)}`),
    `  ${paint("dim", "go on")}  ohpc resume ${stack}`,
  ];
}
