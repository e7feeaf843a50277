import type { Command } from "commander";
import { destroy } from "../operate/verbs/destroy";
import { consenterAt } from "./consenter";
import { here, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import { platformFor } from "./platform";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .option("--yes", "agree beforehand")
    .option("--take-over", "also a cluster of this name that another Terraform state has made");
  withJson(command).action(async (name: string, given: { yes?: boolean; takeOver?: boolean; json?: boolean }) => {
    const terminal = terminalFor(given);
    const destroyed = await destroy(
      {
        stack: name,
        place: here(),
        consenter: consenterAt(terminal, given.yes === true),
        takeOver: given.takeOver,
        platformFor: (stack) => platformFor(stack, given.takeOver),
      },
      terminal.progress,
    );
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
    ],
    outcomes: ["consent", "busy"],
  });
}
