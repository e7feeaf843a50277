import { Document, Scalar, visit } from "yaml";
import { bootEnvironment } from "../model/boot";
import type { Problem } from "../model/problems";
import { listOf, listOfEach, needed, type PropertyNames, TEXT, TEXTS } from "../model/properties";
import { introduction } from "../software/introduction";
import type { ProgramFile } from "../software/programs";
import type { Boot } from "./cloud";

/** What a machine with cloud-init does at its first boot: let the operator in as root, by key alone, and take its introduction. */
export function userData(boot: Boot, more: FirstBoot = {}): string {
  const { facts, programs, units } = introduction(boot.role, bootEnvironment(boot));
  const commands = [
    ...(more.commands ?? []),
    // Last: by then the machine has its name.
    ...(units.length > 0 ? [["systemctl", "enable", "--now", ...units]] : []),
  ];
  return cloudConfig({
    disable_root: false,
    ssh_pwauth: false,
    // What the cluster writes into /etc/hosts must outlast a reboot.
    manage_etc_hosts: false,
    write_files: [facts, ...programs, ...(more.files ?? [])].map(writeFile),
    ...(commands.length > 0 && { runcmd: commands }),
  });
}

/** What else a machine does at its first boot. */
export interface FirstBoot {
  readonly files?: readonly BootFile[];
  /** Commands in their order, word by word; no shell is involved. */
  readonly commands?: readonly (readonly string[])[];
}

export type BootFile = ProgramFile;

/** Files arrive as they are, byte for byte. */
function writeFile({ path, mode, content }: BootFile) {
  const file = { path, permissions: mode };
  return isPlain(content)
    ? { ...file, content }
    : { ...file, encoding: "b64", content: Buffer.from(content, "utf8").toString("base64") };
}

/** Whether every reader of YAML takes a block of text as it is: some know other line ends, or refuse control characters. */
function isPlain(text: string): boolean {
  return /^[\x21-\x7e][\n\x20-\x7e]*$/.test(text);
}

/** YAML as cloud-init reads it, which is version 1.1: there `yes` and `0755` are text only in quotes. */
function cloudConfig(config: object): string {
  const document = new Document(config, { version: "1.1" });
  visit(document, {
    Scalar(key, node) {
      if (key === "key" || typeof node.value !== "string") return;
      node.type = node.value.includes("\n") && isPlain(node.value) ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
    },
  });
  const text = document.toString({ lineWidth: 0, directives: false });
  // What is left of that stands in double quotes.
  return `#cloud-config\n${text.replace(/[^\n\x20-\x7e]/gu, escaped)}`;
}

function escaped(character: string): string {
  return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`;
}

/** What cloud-init would leave out, or do otherwise, with no more than a line in its log. */
export function firstBootProblems({ files = [], commands = [] }: FirstBoot, at = "firstBoot"): readonly Problem[] {
  return [
    ...files.flatMap(({ path, mode }, index) => [
      ...(/^(\/[^/\0]+)+$/.test(path)
        ? []
        : [{ at: `${at}.files[${index}].path`, got: path, want: "an absolute path of a file, e.g. /etc/motd" }]),
      ...(/^0?[0-7]{3,4}$/.test(mode)
        ? []
        : [{ at: `${at}.files[${index}].mode`, got: mode, want: 'octal digits such as "0644" or "0755"' }]),
    ]),
    ...commands.flatMap(([program = ""], index) =>
      program === ""
        ? [{ at: `${at}.commands[${index}]`, got: commands[index], want: "a program and its arguments" }]
        : [],
    ),
  ];
}

const FILE_NAMES = { path: needed(TEXT), mode: needed(TEXT), content: needed(TEXT) } satisfies PropertyNames<BootFile>;

export const FIRST_BOOT_NAMES = {
  files: listOf(FILE_NAMES),
  commands: listOfEach("a list of commands, each a list of words", TEXTS),
} satisfies PropertyNames<FirstBoot>;
