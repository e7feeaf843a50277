import type { Command } from "commander";
import { type ListedStack, listStacks } from "../operate/verbs/list";
import { here, terminalFor, withJson } from "./options";
import { tableOf } from "./table";
import { explain } from "./verb-help";

export function define(command: Command): void {
  withJson(command).action(async (options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const stacks = await listStacks(here());
    terminal.result({ ok: true, stacks }, () => listText(stacks));
  });
  explain(command, { examples: [["ohpc list", "all that the app of cdktf.json makes"]] });
}

function listText(listed: readonly ListedStack[]): readonly string[] {
  const rows = listed.map(({ stack, cluster, deployed, nodes }) => [
    stack,
    cluster ?? "-",
    deployed ? "yes" : "no",
    nodes === undefined ? "-" : String(nodes),
  ]);
  return tableOf(["STACK", "CLUSTER", "DEPLOYED", "NODES"], rows);
}
