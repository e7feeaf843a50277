import { Command, InvalidArgumentError, Option } from "commander";
import { durationOf, type Treatment } from "../operate/feedback/treatment";
import type { Place } from "../operate/stack/project";
import { EFFECTS, type Effect } from "../slurm/effects";
import { Duration } from "../units";
import { Terminal } from "./terminal";

/** `--json`, the same for every verb. */
export function withJson(command: Command): Command {
  return command.option("--json", "print one JSON document on standard output, progress on standard error");
}

export function terminalFor(options: { readonly json?: boolean }): Terminal {
  return new Terminal({ json: options.json === true });
}

/** Where the verb runs. */
export function here(): Place {
  return { cwd: process.cwd(), env: process.env };
}

/** For options that count something. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError("It must be a whole number from 1.");
  return value;
}

/** For amounts. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError("It must be a number greater than 0.");
  return value;
}

/** For options that say how long something may take. */
export function minutes(text: string): Duration {
  return Duration.minutes(positiveNumber(text));
}

/** For options that may be given more than once. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** For options that say how long to wait, with a unit: `2h`, `1d12h`; a number alone is minutes. */
export function span(text: string): Duration {
  const value = durationOf(text);
  if (value === undefined || value.toSeconds() === 0)
    throw new InvalidArgumentError("It must be a time such as 90s, 30m, 2h or 1d.");
  return value;
}

/** What is to become of jobs that are in the way; nothing said: `now`. */
export interface TreatmentOptions {
  readonly wait?: Duration;
  readonly requeue?: boolean;
  readonly now?: boolean;
}

/** `--wait`, `--requeue`, `--now`, the same for every verb that jobs can be in the way of. */
export function withTreatment(command: Command): Command {
  return command
    .addOption(
      new Option("--wait <time>", "end no job: wait until those that are in the way are over, so long at most (2h)")
        .argParser(span)
        .conflicts(["requeue", "now"]),
    )
    .addOption(
      new Option("--requeue", "go on only if all jobs that are in the way may be requeued").conflicts(["wait", "now"]),
    )
    .addOption(
      new Option("--now", "end jobs that are in the way; batch jobs start anew (default)").conflicts([
        "wait",
        "requeue",
      ]),
    );
}

export function treatmentIn({ wait, requeue }: TreatmentOptions): Treatment {
  if (wait !== undefined) return { kind: "wait", limit: wait };
  return { kind: requeue === true ? "requeue" : "now" };
}

/** `--max-effect`. */
export function withMaxEffect(command: Command): Command {
  const words = EFFECTS.filter((effect) => effect !== "none");
  return command.option(
    "--max-effect <effect>",
    `refuse what does more to the running cluster: ${words.join(", ")}`,
    effect,
  );
}

function effect(text: string): Effect {
  const found = EFFECTS.find((one) => one === text.replaceAll("-", " ").trim());
  if (found === undefined) throw new InvalidArgumentError(`It must be one of ${EFFECTS.join(", ")}.`);
  return found;
}

/** Reads words as a command's, which tells nothing by itself. */
export async function parsedQuietly(command: Command, words: readonly string[]): Promise<Command> {
  const quiet = { writeErr: () => undefined, writeOut: () => undefined };
  for (const one of [command, ...command.commands]) one.exitOverride().configureOutput(quiet);
  return command.parseAsync([...words], { from: "user" });
}

/** The same of a command that is no more than declared. */
export async function declaredBy(
  declare: (command: Command) => void,
  stack: string,
  words: readonly string[],
): Promise<Command> {
  const command = new Command();
  declare(command);
  command.action(() => undefined);
  return parsedQuietly(command, [stack, ...(words[0] === stack ? words.slice(1) : words)]);
}
