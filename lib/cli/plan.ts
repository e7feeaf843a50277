import type { Command } from "commander";
import { EXIT_CODES } from "../operate/feedback/failure";
import type { ChangePlan } from "../operate/plan/change-plan";
import { planSections, planSummary } from "../operate/plan/plan-lines";
import { planMarkdown } from "../operate/plan/plan-markdown";
import { planStack } from "../operate/verbs/plan";
import type { Effect } from "../slurm/effects";
import {
  here,
  terminalFor,
  treatmentIn,
  type TreatmentOptions,
  wholeNumber,
  withJson,
  withMaxEffect,
  withTreatment,
} from "./options";
import { writeLines } from "./output";
import { paint } from "./paint";
import { platformFor } from "./platform";
import { explain } from "./verb-help";

interface PlanVerbOptions extends TreatmentOptions {
  readonly out?: string;
  readonly batch?: number;
  readonly maxEffect?: Effect;
  readonly takeOver?: boolean;
  readonly detailedExitcode?: boolean;
  readonly markdown?: boolean;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<stack>", "name of the stack")
    .option("--out <file>", "write the plan to a file, for ohpc apply; it holds a copy of the state")
    .option("--markdown", "print it for a merge request, progress on standard error")
    .option("--detailed-exitcode", "end with 7 if there are changes")
    .option("--batch <nodes>", "make nodes anew so many at a time (default: all)", wholeNumber)
    .option("--take-over", "of a cluster that another Terraform state has made");
  withJson(withMaxEffect(withTreatment(command))).action(async (stack: string, options: PlanVerbOptions) => {
    const quiet = options.json === true || options.markdown === true;
    const terminal = terminalFor({ json: quiet });
    const { plan, file } = await planStack(
      {
        stack,
        place: here(),
        platformFor: (synthesized) => platformFor(synthesized, options.takeOver),
        treatment: treatmentIn(options),
        takeOver: options.takeOver,
        maxEffect: options.maxEffect,
        batch: options.batch,
        out: options.out,
      },
      terminal.progress,
    );
    if (options.json === true) terminal.result({ ok: true, ...plan, file }, () => []);
    else if (options.markdown === true) writeLines(planMarkdown(plan).trimEnd().split("\n"), { longest: Infinity });
    else terminal.result({}, () => planText(plan, file === undefined ? undefined : options.out));
    if (options.detailedExitcode === true && plan.changes) process.exitCode = EXIT_CODES.changes;
  });
  explain(command, {
    examples: [
      ["ohpc plan demo", "what ohpc up would do, and which jobs, users and nodes it would hit"],
      ["ohpc plan demo --wait 2h --out demo.plan", "to be looked at; ohpc apply demo.plan does exactly that"],
      ["ohpc plan demo --markdown >> comment.md", "for a merge request"],
      ["ohpc plan demo --detailed-exitcode", "0: nothing to do; 7: there are changes"],
    ],
    outcomes: ["changes", "consent", "busy", "unreachable"],
  });
}

/** What people read. */
export function planText(plan: ChangePlan, file?: string): readonly string[] {
  const sections = planSections(plan).flatMap(({ heading, lines, files = [] }) => [
    "",
    paint("bold", heading),
    ...lines.map((line) => `  ${coloured(line)}`),
    ...files.flatMap(({ path, diff }) => [`  ${path}`, ...diff.split("\n").map((line) => `    ${coloured(line)}`)]),
  ]);
  return [
    `${paint(plan.changes ? "yellow" : "green", "plan")} of ${plan.command}: ${planSummary(plan)}`,
    ...sections,
    ...(plan.changes
      ? ["", `  ${paint("dim", "do it")}  ${file === undefined ? plan.command : `ohpc apply ${file}`}`]
      : []),
    ...(file === undefined
      ? []
      : [`  ${paint("dim", "kept")}   ${file}: it holds a copy of the state, keep it to yourself`]),
  ];
}

function coloured(line: string): string {
  if (/^(\+|\^)/.test(line)) return paint("green", line);
  if (/^-\/\+|^~|^v /.test(line)) return paint("yellow", line);
  if (line.startsWith("-")) return paint("red", line);
  return line.startsWith("@@") ? paint("cyan", line) : line;
}
