import { type Command, InvalidArgumentError } from "commander";
import type { Place } from "../operate/stack/project";
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

/** For options that say how long to wait, in the units that people think in: `45s`, `30m`, `2h`, `1d`, `1h30m`. */
export function duration(text: string): Duration {
  const [, ...amounts] = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  const [days = 0, hours = 0, mins = 0, seconds = 0] = amounts.map((amount?: string) => Number(amount ?? 0));
  const length = ((days * 24 + hours) * 60 + mins) * 60 + seconds;
  if (length < 1 || length > LONGEST_WAIT_SECONDS)
    throw new InvalidArgumentError("It must be a length of time up to 365d, e.g. 45s, 30m, 2h, 1d or 1h30m.");
  return Duration.seconds(length);
}

const LONGEST_WAIT_SECONDS = 365 * 86_400;

/** For options that may be given more than once. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
