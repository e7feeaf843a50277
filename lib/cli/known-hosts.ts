import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { Failure } from "../operate/feedback/failure";
import { stackKnownHosts } from "../operate/verbs/known-hosts";
import { here, terminalFor, withJson } from "./options";
import { explain } from "./verb-help";

export function define(command: Command): void {
  command.argument("<stack>", "name of the stack").option("--out <file>", "write them to a file instead");
  withJson(command).action(async (stack: string, options: { out?: string; json?: boolean }) => {
    const terminal = terminalFor(options);
    const text = await stackKnownHosts(stack, here(), terminal.progress);
    if (options.out !== undefined) write(options.out, text);
    const lines = text.split("\n").filter((line) => line !== "");
    const told = options.out === undefined ? lines : [`${lines.length} lines written to ${options.out}`];
    terminal.result({ ok: true, file: options.out, lines }, () => told, { longest: Infinity });
  });
  explain(command, {
    examples: [
      ["ohpc known-hosts demo", "the keys, under every name of every machine"],
      [
        "ohpc known-hosts demo --out demo.known_hosts",
        "to commit beside cdktf.json: only these keys are accepted then; again: brings it up to date",
      ],
    ],
  });
}

/** @throws Failure */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Failure("failed", `${file} could not be written`, {
      code: "known-hosts.not-written",
      cause: (error as Error).message,
      remedy: "choose another place with --out",
    });
  }
}
