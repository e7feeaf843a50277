import { printable, printableJson } from "../operate/feedback/printable";
import { paintedParts } from "./paint";

/** A line that people read; no longer than that of any of our own texts. */
const LONGEST_LINE = 4000;

export interface LineOptions {
  /** @default process.stdout */
  readonly stream?: NodeJS.WritableStream;
  /** Characters; what programs read must not be cut. @default 4000 */
  readonly longest?: number;
}

/**
 * The one way to a terminal, a pipe or a log, so that no verb can forget it: whatever a line holds, it stays one line,
 * and has no other controls than our own colours.
 */
export function writeLines(lines: readonly string[], { stream = process.stdout, longest }: LineOptions = {}): void {
  stream.write(lines.map((line) => `${shown(line, longest)}\n`).join(""));
}

/** The one document that `--json` promises. */
export function writeDocument(document: object): void {
  process.stdout.write(`${printableJson(document)}\n`);
}

/** Ends what draws on the terminal. */
export function showCursor(): void {
  if (process.stdout.isTTY) process.stdout.write("\u001b[?25h\n");
}

/** A line as it is written: printable, between the colours of `paint`. */
export function shown(line: string, longest = LONGEST_LINE): string {
  return paintedParts(line)
    .map(({ colour, text }) => colour + printable(text, longest))
    .join("");
}
