import type { Command } from "commander";
import type * as Yaml from "yaml";
import { inventory, inventoryList } from "../operate/access/inventory";
import { openDeployment } from "../operate/cluster/deployment";
import { lazy } from "../package/lazy";
import { here, withJson } from "./options";
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
    if (options.host !== undefined) print({ ...hostvars(list)[options.host] });
    else if (options.list === true || options.json === true) print(list);
    else process.stdout.write(yaml().stringify(document));
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

function print(document: object): void {
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}
