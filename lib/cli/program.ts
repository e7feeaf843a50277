import { Command } from "commander";
import { EXIT_CODES } from "../operate/feedback/failure";
import { packageJson } from "../package/package-json";
import { writeLines } from "./output";
import { exampleLines, exitCodeLines } from "./verb-help";
import { VERBS } from "./verbs";

/** The whole command. Only the verb that is asked for loads its code. */
export function program(args: readonly string[]): Command {
  const asked = args.find((arg) => !arg.startsWith("-") && arg !== "help");
  const root = new Command("ohpc")
    .description("Turns a stack with a cluster into a working Slurm cluster, proves it, and runs it.")
    .usage("VERB STACK [options]")
    .version(packageJson().version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [VERB]", "show help of a verb")
    .configureHelp({ subcommandTerm: synopsisOf })
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeErr: () => undefined,
      writeOut: (text) => {
        writeLines(text.trimEnd().split("\n"));
      },
    })
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
    if (verb.name === asked) verb.load().define(command, VERBS);
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
  const name = command.name();
  const synopsis = name === "help" ? "[VERB]" : (VERBS.find((verb) => verb.name === name)?.synopsis ?? "");
  return `${name} ${synopsis}`.trimEnd();
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
