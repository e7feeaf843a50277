import type { Command } from "commander";
import { count } from "../operate/feedback/count";
import { type Configured, configureStack } from "../operate/verbs/configure";
import type { Effect } from "../slurm/effects";
import { consenterAt } from "./consenter";
import {
  here,
  terminalFor,
  treatmentIn,
  type TreatmentOptions,
  withJson,
  withMaxEffect,
  withTreatment,
} from "./options";
import { paint } from "./paint";
import { explain } from "./verb-help";

interface ConfigureVerbOptions extends TreatmentOptions {
  readonly yes?: boolean;
  readonly maxEffect?: Effect;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .option("--yes", "agree beforehand to what users and jobs would lose");
  withJson(withMaxEffect(withTreatment(command))).action(async (stack: string, options: ConfigureVerbOptions) => {
    const terminal = terminalFor(options);
    const consenter = consenterAt(terminal, options.yes === true, treatmentIn(options));
    const { maxEffect } = options;
    const result = await configureStack({ stack, place: here(), consenter, maxEffect }, terminal.progress);
    terminal.result({ ok: true, stack, ...result }, () => summary(stack, result));
  });
  explain(command, {
    examples: [
      ["npx cdktf deploy demo && ohpc configure demo", "the same as ohpc up demo, in two steps"],
      ["ohpc configure demo", "as the stack was last synthesized; changes only what differs"],
    ],
    outcomes: ["consent", "busy", "unreachable"],
  });
}

/** What people read. */
export function summary(stack: string, { changed, unchanged, introduced, stale }: Configured): readonly string[] {
  const since = stale.map(
    (file) => `  ${paint("yellow", `${file} has changed since the stack was synthesized`)}: ohpc up ${stack} takes it`,
  );
  if (changed.length + introduced.length === 0) {
    const headline = `${paint("green", "configured")}: nothing had to be changed for the stack as it was last synthesized`;
    return [headline, ...since];
  }
  return [
    `${paint("green", "configured")}: ${changed.length} of ${changed.length + unchanged.length} steps carried out`,
    ...changed.map(({ title, effect, differences }) => `  ${title} (${effect}): ${differences.slice(0, 3).join("; ")}`),
    ...(introduced.length === 0 ? [] : [`  told ${count(introduced.length, "machine")} of the cluster`]),
    ...since,
  ];
}
