#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { waitsForChildren } from "../operate/child";
import { EXIT_CODES } from "../operate/failure";
import { describeFailure, exitCodeOf, failureDocument, failureText } from "./describe-failure";
import { paint } from "./terminal";
import { exampleLines, exitCodeLines } from "./verb-help";
import { VERBS } from "./verbs";

/** The whole command. Only the verb that is asked for loads its code. */
function program(args: readonly string[]): Command {
  const asked = args.find((arg) => !arg.startsWith("-") && arg !== "help");
  const root = new Command("ohpc")
    .description("Turns a stack with a cluster into a working Slurm cluster, proves it, and runs it.")
    .usage("VERB STACK [options]")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [VERB]", "show help of a verb")
    .configureHelp({ subcommandTerm: synopsisOf })
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText(
      "after",
      `\nExamples:\n${exampleLines(EXAMPLES)}\n\nExit codes:\n${exitCodeLines(Object.keys(EXIT_CODES) as never)}`,
    );
  for (const verb of VERBS) {
    const command = root
      .command(verb.name)
      .summary(verb.summary)
      .description(capital(verb.summary))
      .helpOption("-h, --help", "show this help");
    if (verb.name === asked) verb.load().define(command);
  }
  return root;
}

const EXAMPLES = [
  ["ohpc up demo", "from nothing to a cluster whose nodes all answer; again: what has changed"],
  ["ohpc smoke demo hpl", "High Performance Linpack over two nodes, its result judged"],
  ["ohpc ssh demo", "log in"],
  ["ohpc destroy demo", "remove everything"],
] as const;

function synopsisOf(command: Command): string {
  const verb = VERBS.find(({ name }) => name === command.name());
  return verb === undefined ? `${command.name()} [VERB]` : `${verb.name} ${verb.synopsis}`.trimEnd();
}

function version(): string {
  const { version: number } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as {
    version: string;
  };
  return number;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

async function main(args: readonly string[]): Promise<number> {
  try {
    await program(args).parseAsync(args, { from: "user" });
    return process.exitCode === undefined ? EXIT_CODES.done : Number(process.exitCode);
  } catch (error) {
    // --help and --version end this way, too.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_CODES.done;
    if (error instanceof CommanderError && error.code === "commander.help") {
      process.stderr.write(program(args).helpInformation());
      return EXIT_CODES.usage;
    }
    const failure = describeFailure(error);
    if (args.includes("--json")) process.stdout.write(`${JSON.stringify(failureDocument(failure), undefined, 2)}\n`);
    process.stderr.write(failureText(failure, (text) => paint("red", text, process.stderr)));
    return exitCodeOf(failure);
  }
}

/** A terraform that is running gets to its end first; everything else may be ended at any time and goes on when it is run again. */
function onInterrupt(): void {
  if (waitsForChildren()) {
    process.stderr.write(
      "\ninterrupted: waiting until terraform has stopped in good order; once more stops it at once\n",
    );
    return;
  }
  if (process.stdout.isTTY) process.stdout.write("\u001b[?25h\n");
  process.stderr.write("interrupted: run the same command again, it goes on where this one stopped\n");
  process.exit(EXIT_CODES.interrupted);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onInterrupt);
void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
