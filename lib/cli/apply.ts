import type { Command } from "commander";
import { applyPlanFile } from "../operate/verbs/apply";
import type { Effect } from "../slurm/effects";
import type { Duration } from "../units";
import { here, minutes, terminalFor, withJson, withMaxEffect } from "./options";
import { paint } from "./paint";
import { platformFor } from "./platform";
import { upDocument, upSummary } from "./up";
import { explain } from "./verb-help";

interface ApplyVerbOptions {
  readonly maxEffect?: Effect;
  readonly timeout?: Duration;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<file>", "a plan that ohpc plan --out wrote")
    .option(
      "--timeout <minutes>",
      "how long nodes may take until they are ready (default: 30; on local clusters from the node image 2)",
      minutes,
    );
  withJson(withMaxEffect(command)).action(async (file: string, options: ApplyVerbOptions) => {
    const terminal = terminalFor(options);
    const { stack, up } = await applyPlanFile(
      { file, place: here(), platformFor, limit: options.timeout, maxEffect: options.maxEffect },
      terminal.progress,
    );
    if (up === undefined) {
      terminal.result({ ok: true, stack, applied: "before" }, () => [
        `${paint("green", "applied before")}: ${file} was carried out already; nothing was done`,
      ]);
      return;
    }
    terminal.result({ ...upDocument(stack, up), applied: "now" }, () => upSummary(stack, up));
  });
  explain(command, {
    examples: [
      ["ohpc apply demo.plan", "exactly what was planned and looked at, or nothing, and why"],
      ["ohpc apply demo.plan --json > up.json", "in a pipeline, on another machine"],
    ],
    outcomes: ["consent", "busy", "unreachable"],
  });
}
