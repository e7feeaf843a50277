import { Command, type Option } from "commander";
import { textBeside } from "../package/text-beside";
import type { Verb } from "./verb";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What a project tells without running its app. */
export const PROJECT_VALUES = ["stacks", "hosts", "pools", "partitions", "users"] as const;
export type ProjectValue = (typeof PROJECT_VALUES)[number];

/** What a word may be: one of the project's, a file, one of a few, anything; `none` for an option without a value. */
type Values = ProjectValue | "files" | "any" | "none" | `one-of:${string}`;

/** By the names that arguments and values of options have in the verbs' own definitions. */
const BY_NAME: Readonly<Record<string, Values>> = {
  stack: "stacks",
  node: "hosts",
  host: "hosts",
  hosts: "hosts",
  pool: "pools",
  partition: "partitions",
  user: "users",
  users: "users",
  as: "users",
  out: "files",
  key: "files",
  add: "files",
  set: "files",
};

/** A line of what a command takes: kind, name, values, meaning. */
type Row = readonly [kind: "option" | "command" | "operand" | "operands", name: string, values: Values, about: string];

/** The script that a shell reads, made of the definitions of all verbs. */
export function completionScript(shell: Shell, verbs: readonly Verb[]): string {
  return SCRIPTS[shell](`${rowsFunction(verbs)}\n${textBeside(__dirname, "candidates.sh")}`);
}

const SCRIPTS: Readonly<Record<Shell, (functions: string) => string>> = {
  bash: (functions) => `# eval "$(ohpc completion bash)"
${functions}
_ohpc() {
  local word about
  COMPREPLY=()
  while IFS='\t' read -r word about; do
    if [ "$word" = '<files>' ]; then
      compopt -o default
      return
    fi
    COMPREPLY+=("$word")
  done < <(_ohpc_candidates "\${COMP_WORDS[@]:1:COMP_CWORD}")
}
complete -F _ohpc ohpc
`,
  zsh: (functions) => `#compdef ohpc
# eval "$(ohpc completion zsh)"
${functions}
_ohpc_in_sh() { emulate -L sh; _ohpc_candidates "$@"; }
_ohpc() {
  local word about
  local -a found
  while IFS=$'\\t' read -r word about; do
    if [[ $word == '<files>' ]]; then
      _files
      return
    fi
    found+=("\${word//:/\\\\:}:$about")
  done < <(_ohpc_in_sh "\${(@)words[2,CURRENT]}")
  _describe ohpc found
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _ohpc ohpc
`,
  fish: (functions) => `# ohpc completion fish | source
set -g __ohpc_functions '${functions.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'
function __ohpc_candidates
  set -l words (commandline -opc)[2..-1]
  set -l current (commandline -ct)
  for line in (sh -c "$__ohpc_functions"'_ohpc_candidates "$@"' ohpc $words "$current")
    if string match -q '<files>*' -- $line
      __fish_complete_path (string unescape -- "$current")
    else
      printf '%s\\n' $line
    end
  end
end
complete -c ohpc -f -a '(__ohpc_candidates)'
`,
};

function rowsFunction(verbs: readonly Verb[]): string {
  const commands = verbs.map((verb) => {
    const command = new Command(verb.name).description(verb.summary);
    verb.load().define(command, verbs);
    return command;
  });
  const cases = [["", rowsOfRoot(commands)] as const, ...commands.flatMap((command) => casesOf("", command))];
  const lines = cases.flatMap(([path, rows]) => [
    `    ${quoted(path)}) printf '%s\\t%s\\t%s\\t%s\\n' \\`,
    `${rows.map((row) => `      ${row.map(quoted).join(" ")}`).join(" \\\n")} ;;`,
  ]);
  return ["_ohpc_rows() {", "  case $1 in", ...lines, "  esac", "}"].join("\n");
}

function rowsOfRoot(commands: readonly Command[]): readonly Row[] {
  const names = [...commands.map(commandRow), ["command", "help", "none", "show help of a verb"] as const];
  return [
    ...names,
    ...HELP,
    ["option", "--version", "none", "print the version"],
    ["option", "-V", "none", "print the version"],
  ];
}

const HELP: readonly Row[] = [
  ["option", "--help", "none", "show help"],
  ["option", "-h", "none", "show help"],
];

function casesOf(before: string, command: Command): readonly (readonly [path: string, rows: readonly Row[]])[] {
  const path = `${before} ${command.name()}`;
  const operands = command.registeredArguments.map((argument): Row => {
    const values = argument.argChoices === undefined ? valuesOf(argument.name()) : oneOf(argument.argChoices);
    return [argument.variadic ? "operands" : "operand", argument.name(), values, argument.description || "-"];
  });
  const options = command.options.filter(({ hidden }) => !hidden).flatMap(optionRows);
  const rows = [...command.commands.map(commandRow), ...operands, ...options, ...HELP];
  return [[path, rows], ...command.commands.flatMap((child) => casesOf(path, child))];
}

function commandRow(command: Command): Row {
  return ["command", command.name(), "none", command.description()];
}

function optionRows(option: Option): readonly Row[] {
  const takes = option.required || option.optional;
  const choices = option.argChoices;
  const values = !takes ? "none" : choices === undefined ? valuesOf(option.name()) : oneOf(choices);
  const names = [option.long, option.short].filter((name) => name !== undefined);
  return names.map((name): Row => ["option", name, values, option.description]);
}

function valuesOf(name: string): Values {
  return BY_NAME[name] ?? "any";
}

function oneOf(choices: readonly string[]): Values {
  return `one-of:${choices.join(",")}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
