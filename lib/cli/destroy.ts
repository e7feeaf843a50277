import type { Command } from "commander";
import type { Consenter } from "../operate/feedback/consent";
import { destroy, type DestroyOptions, planDestroy } from "../operate/verbs/destroy";
import { consenterAt } from "./consenter";
import { declaredBy, here, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import { platformFor } from "./platform";
import type { PlannedVerb } from "./verb";
import { explain } from "./verb-help";

interface DestroyVerbOptions {
  readonly yes?: boolean;
  readonly takeOver?: boolean;
  readonly json?: boolean;
}

/** Its arguments and options, but for how it is told. */
function declare(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .option("--yes", "agree beforehand")
    .option("--take-over", "also a cluster of this name that another Terraform state has made");
}

function request(name: string, { takeOver }: DestroyVerbOptions, consenter: Consenter): DestroyOptions {
  return { stack: name, place: here(), consenter, takeOver, platformFor: (stack) => platformFor(stack, takeOver) };
}

export const planned: PlannedVerb = {
  plan: async (stack, words, progress) => {
    const command = await declaredBy(declare, stack, words);
    return planDestroy(request(stack, command.opts<DestroyVerbOptions>(), { yes: false }), progress);
  },
};

export function define(command: Command): void {
  declare(command);
  withJson(command).action(async (name: string, given: DestroyVerbOptions) => {
    const terminal = terminalFor(given);
    const destroyed = await destroy(request(name, given, consenterAt(terminal, given.yes === true)), terminal.progress);
    const { machines, disks, others } = destroyed;
    terminal.result({ ok: true, stack: name, destroyed }, () => [
      machines.length + disks.length + others.length === 0
        ? `nothing of ${name} was there`
        : `${paint("green", "destroyed")}: ${machines.length} machines, ${disks.length} disks, and everything around them`,
    ]);
  });
  explain(command, {
    examples: [
      ["ohpc destroy demo", "shows what goes, and asks"],
      ["ohpc destroy demo --yes", "does not ask"],
      ["ohpc plan demo --for destroy", "shows what goes, and changes nothing"],
    ],
    outcomes: ["consent", "busy"],
  });
}
