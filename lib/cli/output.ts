import { EXIT_CODES } from "../operate/feedback/failure";
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

/**
 * Who reads what we write may go first (`ohpc up demo | head`), and its disk may be full: no work ends half-way for that.
 * What could not be written although somebody wanted it, is told at the end, and makes the exit code that of a failure.
 */
export function outliveReaders(): void {
  let lost: NodeJS.ErrnoException | undefined;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") lost ??= error;
    });
  }
  process.on("exit", () => {
    if (lost === undefined) return;
    process.exitCode = Number(process.exitCode ?? 0) === 0 ? EXIT_CODES.failed : process.exitCode;
    writeLines([`error: not all that this command says could be written: ${lost.message}`], { stream: process.stderr });
  });
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
