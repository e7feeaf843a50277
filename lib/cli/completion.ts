import { Argument, type Command, Option } from "commander";
import { completionScript, PROJECT_VALUES, type ProjectValue, type Shell, SHELLS } from "./completion-script";
import { projectValues } from "./project-values";
import type { Verb } from "./verb";
import { explain } from "./verb-help";

export function define(command: Command, verbs: readonly Verb[]): void {
  command
    .addArgument(new Argument("<shell>", "the shell that reads it").choices(SHELLS))
    // What the script itself asks for while somebody types.
    .addOption(new Option("--values <kind>").choices(PROJECT_VALUES).hideHelp())
    .addOption(new Option("--of <stack>").hideHelp())
    .action((shell: Shell, { values, of = "" }: { values?: ProjectValue; of?: string }) => {
      const text =
        values === undefined
          ? completionScript(shell, verbs)
          : projectValues(values, of, process.cwd(), process.env)
              .map((value) => `${value}\n`)
              .join("");
      process.stdout.write(text);
    });
  explain(command, {
    examples: [
      [`eval "$(ohpc completion bash)"`, "in ~/.bashrc"],
      [`eval "$(ohpc completion zsh)"`, "in ~/.zshrc, after compinit"],
      ["ohpc completion fish | source", "in ~/.config/fish/config.fish"],
    ],
  });
}
