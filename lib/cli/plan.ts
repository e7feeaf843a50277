import type { Command } from "commander";
import { EXIT_CODES, Failure } from "../operate/feedback/failure";
import type { Progress } from "../operate/feedback/progress";
import type { ChangePlan } from "../operate/plan/change-plan";
import { planSections, planSummary } from "../operate/plan/plan-lines";
import { planMarkdown } from "../operate/plan/plan-markdown";
import { type Planned, planStack } from "../operate/verbs/plan";
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
import type { Verb } from "./verb";
import { explain } from "./verb-help";

interface PlanVerbOptions extends TreatmentOptions {
  readonly for?: string;
  readonly out?: string;
  readonly batch?: number;
  readonly maxEffect?: Effect;
  readonly takeOver?: boolean;
  readonly detailedExitcode?: boolean;
  readonly markdown?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, verbs: readonly Verb[]): void {
  command
    .argument("<stack>", "name of the stack")
    .option("--for <command>", 'of another verb, with its words: "stop --pool gpu" (default: up)')
    .option("--out <file>", "write the plan to a file, for ohpc apply; it holds a copy of the state")
    .option("--markdown", "print it for a merge request, progress on standard error")
    .option("--detailed-exitcode", "end with 7 if there are changes")
    .option("--batch <nodes>", "make nodes anew so many at a time (default: all)", wholeNumber)
    .option("--take-over", "of a cluster that another Terraform state has made");
  withJson(withMaxEffect(withTreatment(command))).action(async (stack: string, options: PlanVerbOptions) => {
    const quiet = options.json === true || options.markdown === true;
    const terminal = terminalFor({ json: quiet });
    const other =
      options.for === undefined || options.for.trim() === "up" ? undefined : planFor(verbs, stack, options.for);
    if (other !== undefined) refuseBeside(options);
    const { plan, file }: Planned =
      other !== undefined
        ? { plan: await other(terminal.progress) }
        : await planStack(
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
      ['ohpc plan demo --for "stop --pool gpu"', "of another verb: stop, resume, replace, destroy"],
      ["ohpc plan demo --markdown >> comment.md", "for a merge request"],
      ["ohpc plan demo --detailed-exitcode", "0: nothing to do; 7: there are changes"],
    ],
    outcomes: ["changes", "consent", "busy", "unreachable"],
  });
}

/** What `--for` means. */
function planFor(verbs: readonly Verb[], stack: string, words: string): (progress: Progress) => Promise<ChangePlan> {
  const [name = "", ...rest] = words
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "ohpc");
  const module = verbs.find((verb) => verb.name === name)?.load();
  const planned = module?.planned;
  if (planned === undefined) {
    const known = verbs.filter((verb) => verb.load().planned !== undefined).map((verb) => verb.name);
    throw new Failure("usage", `there is no plan of ${JSON.stringify(words)}`, {
      code: "plan.no-such-verb",
      remedy: `--for takes ${known.join(", ")}, with their own words; without it, the plan is that of up`,
    });
  }
  return async (progress) => planned.plan(stack, rest, progress);
}

/** Of another verb, its own words say how. */
function refuseBeside({ batch, maxEffect, now, out, requeue, takeOver, wait }: PlanVerbOptions): void {
  const given = Object.entries({ out, wait, requeue, now, batch, "max-effect": maxEffect, "take-over": takeOver })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`);
  if (given.length === 0) return;
  throw new Failure("usage", `${given.join(", ")} ${given.length === 1 ? "belongs" : "belong"} to the plan of up`, {
    code: "plan.beside-for",
    remedy: "put what the other verb takes among its own words; only a plan of up can be kept in a file",
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
    ...(plan.changes && plan.uncovered.length === 0
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
