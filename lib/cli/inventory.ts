import type { Command } from "commander";
import type * as Yaml from "yaml";
import { inventory, inventoryList } from "../operate/access/inventory";
import { openDeployment } from "../operate/cluster/deployment";
import { lazy } from "../package/lazy";
import { here, withJson } from "./options";
import { writeDocument, writeLines } from "./output";
import { explain } from "./verb-help";

const yaml = lazy(() => require("yaml") as typeof Yaml);

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .option("--list", "print what a dynamic inventory prints (JSON)")
    .option("--host <host>", "print the variables of one host (JSON)");
  withJson(command).action(async (stack: string, options: { list?: boolean; host?: string; json?: boolean }) => {
    const document = inventory(await openDeployment(stack, here()));
    const list = inventoryList(document);
    if (options.host !== undefined) writeDocument({ ...hostvars(list)[options.host] });
    else if (options.list === true || options.json === true) writeDocument(list);
    else writeLines(yaml().stringify(document).trimEnd().split("\n"), { longest: Infinity });
  });
  explain(command, {
    examples: [
      ["ohpc inventory demo > inventory.yml", "groups master, compute and one per pool; nodes through the master"],
      ["ansible -i inventory.yml compute -m ping", "use it"],
      [
        "printf '#!/bin/sh\\nexec ohpc inventory demo \"$@\"\\n' > hosts",
        "a dynamic inventory: make it executable, then ansible -i ./hosts",
      ],
    ],
  });
}

function hostvars(list: object): Readonly<Record<string, object>> {
  return (list as { _meta: { hostvars: Record<string, object> } })._meta.hostvars;
}
