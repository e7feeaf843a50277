import type { Command } from "commander";
import { type StackCost, stackCost } from "../operate/verbs/cost";
import { here, terminalFor, withJson } from "./options";
import { paint } from "./paint";
import { tableOf } from "./table";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command.argument("<stack>", "name of the stack");
  withJson(command).action(async (stack: string, options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const cost = await stackCost(stack, here());
    terminal.result({ ok: true, stack, ...cost }, () => costText(cost));
  });
  explain(command, {
    examples: [
      ["ohpc cost demo", "as the stack is written, deployed or not; needs no credentials"],
      ["ohpc cost demo --json | jq .runningMonthly", "US dollars per month"],
    ],
  });
}

const NUMBERS = ["COUNT", "USD/H EACH", "RUNNING USD/H", "STOPPED USD/H"];

/** What people read. */
export function costText(cost: StackCost): readonly string[] {
  const { cluster, items, runningHourly, stoppedHourly, runningMonthly, stoppedMonthly, unknownClouds } = cost;
  const rows = items.map(({ what, count, hourly, whenStopped, note = "" }) => {
    const each = hourly === undefined ? "?" : hourly.toFixed(4);
    const all = hourly === undefined ? "?" : (count * hourly).toFixed(4);
    return [what, String(count), each, all, whenStopped ? all : "-", note];
  });
  const unknown = [
    ...cost.withoutPrice,
    ...unknownClouds.map((cloud) => `everything in the cloud ${JSON.stringify(cloud)}`),
  ];
  const more = unknown.length === 0 ? "" : ", and what no price is known for";
  const total = (name: string, hourly: number, monthly: number, rest: string) =>
    `${name.padEnd(8)} ${hourly.toFixed(4).padStart(10)} USD/h ${monthly.toFixed(2).padStart(12)} USD/month${rest}`;
  const kept = items.filter(({ whenStopped }) => whenStopped);
  const stoppedMore = kept.some(({ hourly }) => hourly === undefined) ? more : "";
  return [
    `${paint("bold", cluster)}  by list price, without traffic, tax and discounts`,
    "",
    ...tableOf(["ITEM", ...NUMBERS, "NOTE"], rows, { right: NUMBERS }),
    "",
    total("running", runningHourly, runningMonthly, more),
    total("stopped", stoppedHourly, stoppedMonthly, stoppedMore),
    ...(kept.length === 0
      ? []
      : ["", `billed on after ohpc stop --all: ${[...new Set(cost.billedWhenStopped)].join(", ")}`]),
    ...(unknown.length === 0 ? [] : ["", `no price is known for: ${unknown.join(", ")}`]),
    ...(cost.sources.length === 0 ? [] : ["", "prices:", ...cost.sources.map((source) => `  ${source}`)]),
  ];
}
