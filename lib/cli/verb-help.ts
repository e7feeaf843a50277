import type { Command } from "commander";
import { EXIT_CODES } from "../operate/feedback/failure";

type Outcome = keyof typeof EXIT_CODES;

const MEANINGS: Readonly<Record<Outcome, string>> = {
  done: "done",
  failed: "failed: a step, terraform, a job",
  usage: "wrong usage, or problems in the configuration",
  consent: "needs consent: machines, data or jobs would be lost (--yes)",
  busy: "busy: another ohpc is at work on this cluster",
  unreachable: "the cluster does not answer",
  proof: "a proof failed: the job ran, its result is wrong",
  changes: "the plan has changes (only with --detailed-exitcode)",
  attention: "the cluster answers, and something about it needs attention",
  interrupted: "interrupted",
};

export interface VerbHelp {
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Besides `done`, `failed`, `usage` and `interrupted`, which every verb has. */
  readonly outcomes?: readonly Outcome[];
}

/** Puts examples and exit codes below the options. */
export function explain(command: Command, { examples, outcomes = [] }: VerbHelp): Command {
  return command.addHelpText(
    "after",
    `\nExamples:\n${exampleLines(examples)}\n\nExit codes:\n${exitCodeLines(outcomes)}`,
  );
}

export function exampleLines(examples: VerbHelp["examples"]): string {
  const width = Math.max(...examples.map(([command]) => command.length));
  return examples.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`).join("\n");
}

export function exitCodeLines(outcomes: readonly Outcome[]): string {
  const always: readonly Outcome[] = ["done", "failed", "usage", "interrupted"];
  return (Object.keys(EXIT_CODES) as Outcome[])
    .filter((outcome) => always.includes(outcome) || outcomes.includes(outcome))
    .map((outcome) => `  ${String(EXIT_CODES[outcome]).padEnd(4)} ${MEANINGS[outcome]}`)
    .join("\n");
}
