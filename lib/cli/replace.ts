import type { Command } from "commander";
import type { Consenter } from "../operate/feedback/consent";
import { planReplace, replace, type Replaced, type ReplaceOptions } from "../operate/verbs/replace";
import { foldHosts } from "../slurm/hostlist";
import type { Duration } from "../units";
import { answeredText } from "./answered-text";
import { consenterAt } from "./consenter";
import {
  collected,
  declaredBy,
  here,
  minutes,
  terminalFor,
  treatmentIn,
  type TreatmentOptions,
  wholeNumber,
  withJson,
  withTreatment,
} from "./options";
import { paint } from "./paint";
import { platformFor } from "./platform";
import type { PlannedVerb } from "./verb";
import { explain } from "./verb-help";

interface ReplaceVerbOptions extends TreatmentOptions {
  readonly pool?: readonly string[];
  readonly batch?: number;
  readonly yes?: boolean;
  readonly timeout?: Duration;
  readonly json?: boolean;
}

/** Its arguments and options, but for how it is told. */
function declare(command: Command): void {
  withTreatment(
    command
      .argument("<stack>", "name of the stack")
      .argument("[hosts...]", "machines to make anew, e.g. cpu-1 or cpu-[1-4]")
      .option("--pool <name>", "all nodes of this pool; may be given more than once", collected)
      .option("--batch <nodes>", "so many at a time, each until it takes jobs again (default: 1)", wholeNumber)
      .option("--yes", "agree beforehand to what is lost: the machines' own disks, and jobs")
      .option(
        "--timeout <minutes>",
        "how long nodes may take until they are ready (default: 30; on local clusters from the node image 2)",
        minutes,
      ),
  );
}

function request(
  stack: string,
  hosts: readonly string[],
  options: ReplaceVerbOptions,
  consenter: Consenter,
): ReplaceOptions {
  return {
    stack,
    hosts,
    pools: options.pool ?? [],
    place: here(),
    consenter,
    platformFor: (synthesized) => platformFor(synthesized),
    batch: options.batch,
    limit: options.timeout,
  };
}

export const planned: PlannedVerb = {
  plan: async (stack, words, progress) => {
    const command = await declaredBy(declare, stack, words);
    const [, hosts] = command.processedArgs as [string, string[]];
    const options = command.opts<ReplaceVerbOptions>();
    return planReplace(request(stack, hosts, options, { yes: false, treatment: treatmentIn(options) }), progress);
  },
};

export function define(command: Command): void {
  declare(command);
  withJson(command).action(async (stack: string, hosts: string[], options: ReplaceVerbOptions) => {
    const terminal = terminalFor(options);
    const consenter = consenterAt(terminal, options.yes === true, treatmentIn(options));
    const replaced = await replace(request(stack, hosts, options, consenter), terminal.progress);
    terminal.result({ ok: true, stack, ...replaced }, () => summary(replaced));
  });
  explain(command, {
    examples: [
      ["ohpc replace demo cpu-3", "its machine is made anew, under the same name and address"],
      ["ohpc replace demo --pool cpu --batch 2 --wait 4h", "a whole pool, two by two, each when its jobs are over"],
      ['ohpc plan demo --for "replace cpu-3"', "what it would do, and whose jobs it would end"],
    ],
    outcomes: ["consent", "busy", "unreachable"],
  });
}

function summary({ replaced, readiness }: Replaced): readonly string[] {
  return [`${paint("green", "replaced")}: ${foldHosts(replaced)}; ${answeredText(readiness)}`];
}
