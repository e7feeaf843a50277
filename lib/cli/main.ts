#!/usr/bin/env node
import { CommanderError } from "commander";
import { waitsForChildren } from "../operate/exec/child";
import { EXIT_CODES } from "../operate/feedback/failure";
import { interrupt } from "../operate/feedback/interruption";
import { lazy } from "../package/lazy";
import type * as Failures from "./describe-failure";
import { outliveReaders, showCursor, writeDocument, writeLines } from "./output";
import { paint } from "./paint";
import { program } from "./program";

/** What every failure is told by; who only asks for help needs nothing of it. */
const failures = lazy(() => require("./describe-failure") as typeof Failures);

async function main(args: readonly string[]): Promise<number> {
  try {
    await program(args).parseAsync(args, { from: "user" });
    return process.exitCode === undefined ? EXIT_CODES.done : Number(process.exitCode);
  } catch (error) {
    // --help and --version end this way, too.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_CODES.done;
    if (error instanceof CommanderError && error.code === "commander.help") {
      writeLines(helpOf(args).trimEnd().split("\n"), { stream: process.stderr });
      return EXIT_CODES.usage;
    }
    const { describeFailure, exitCodeOf, failureDocument, failureLines } = failures();
    const failure = describeFailure(error);
    if (ownArguments(args).includes("--json")) writeDocument(failureDocument(failure));
    writeLines(
      failureLines(failure, (text) => paint("red", text, process.stderr)),
      { stream: process.stderr },
    );
    return exitCodeOf(failure);
  }
}

/** Of the verb that misses a word, or of the whole. */
function helpOf(args: readonly string[]): string {
  const root = program(args);
  const verb = root.commands.find((command) => command.name() === args[0]);
  return (verb ?? root).helpInformation();
}

/** What stands after `--` is another program's. */
function ownArguments(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end < 0 ? args : args.slice(0, end);
}

/**
 * A terraform that is running gets to its end first, and what others would go on with elsewhere is ended; everything else
 * may be ended at any time and goes on when it is run again.
 */
function onInterrupt(): void {
  if (waitsForChildren()) {
    const told = "interrupted: waiting until terraform has stopped in good order; once more stops it at once";
    writeLines(["", told], { stream: process.stderr });
    return;
  }
  const stopped = interrupt();
  if (stopped?.first === true) {
    writeLines(["", `interrupted: ${stopped.ending}; once more stops at once`], { stream: process.stderr });
    return;
  }
  showCursor();
  writeLines([`interrupted: ${stopped?.left ?? GOES_ON}`], { stream: process.stderr });
  process.exit(EXIT_CODES.interrupted);
}

const GOES_ON = "run the same command again, it goes on where this one stopped";

outliveReaders();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onInterrupt);
void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
