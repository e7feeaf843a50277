import { bootEnvironment } from "../model/boot";
import { listOf, needed, type PropertyNames, TEXT, TEXTS } from "../model/properties";
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
  return [
    "#cloud-config",
    "disable_root: false",
    "ssh_pwauth: false",
    // What the cluster writes into /etc/hosts must outlast a reboot.
    "manage_etc_hosts: false",
    "write_files:",
    ...[facts, ...programs, ...(more.files ?? [])].flatMap(writeFile),
    ...(commands.length === 0 ? [] : ["runcmd:"]),
    ...commands.map((words) => `  - ${JSON.stringify(words)}`),
    "",
  ].join("\n");
}

/** What else a machine does at its first boot. */
export interface FirstBoot {
  readonly files?: readonly BootFile[];
  /** Commands in their order, word by word; no shell is involved. */
  readonly commands?: readonly (readonly string[])[];
}

export type BootFile = ProgramFile;

const FILE_NAMES = { path: needed(TEXT), mode: needed(TEXT), content: needed(TEXT) } satisfies PropertyNames<BootFile>;

export const FIRST_BOOT_NAMES = {
  files: listOf(FILE_NAMES),
  commands: {
    want: "a list of commands, each a list of words",
    fits: (value) => Array.isArray(value) && value.every(TEXTS.fits),
  },
} satisfies PropertyNames<FirstBoot>;

function writeFile({ path, mode, content }: BootFile): string[] {
  const lines = content.replace(/\n$/, "").split("\n");
  return [
    `  - path: ${path}`,
    `    permissions: "${mode}"`,
    "    content: |",
    ...lines.map((line) => (line === "" ? "" : `      ${line}`)),
  ];
}
