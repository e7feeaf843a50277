import type { Command } from "commander";
import { CommandLock } from "../operate/lock/command-lock";
import { lockOwner } from "../operate/lock/lock";
import { openStack } from "../operate/stack/synthesis";
import { destroy } from "../operate/verbs/destroy";
import { consenterAt } from "./consenter";
import { here, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import { platformFor } from "./platform";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command.argument("<stack>", "name of the stack").option("--yes", "agree beforehand");
  withJson(command).action(async (name: string, given: { yes?: boolean; json?: boolean }) => {
    const terminal = terminalFor(given);
    const place = here();
    const commandLock = new CommandLock(place.env, lockOwner(`ohpc destroy ${name}`));
    try {
      const { project, stack } = await openStack(name, place);
      await commandLock.lockCluster(stack);
      const options = {
        project,
        platform: platformFor(stack),
        consenter: consenterAt(terminal, given.yes === true),
      };
      const destroyed = await destroy(stack, place, options, terminal.progress);
      const { machines, disks, others } = destroyed;
      terminal.result({ ok: true, stack: name, destroyed }, () =>
        machines.length + disks.length + others.length === 0
          ? `nothing of ${name} was there`
          : `${paint("green", "destroyed")}: ${machines.length} machines, ${disks.length} disks, and everything around them`,
      );
    } finally {
      await commandLock.release();
    }
  });
  explain(command, {
    examples: [
      ["ohpc destroy demo", "shows what goes, and asks"],
      ["ohpc destroy demo --yes", "does not ask"],
    ],
    outcomes: ["consent", "busy"],
  });
}
