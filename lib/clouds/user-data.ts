import type { Boot } from "./cloud";
import { BOOT_UNITS, nodeBootstrap, type ProgramFile } from "../software/programs";
import { BOOT_ENV_PATH, bootEnvironment } from "./boot-env";

/**
 * What a machine with cloud-init does at its first boot: let the operator in as root, by key alone, write down how to
 * find the cluster and, on a compute node, start what fetches everything else from the master. Equal for all machines of
 * a group, and without any secret: every user of a machine can read it.
 */
export function userData(boot: Boot, more: FirstBoot = {}): string {
  const environment = Object.entries(bootEnvironment(boot)).map(([key, value]) => `${key}=${value}\n`);
  const isNode = boot.role === "compute";
  const files = [...(isNode ? nodeBootstrap() : []), ...(more.files ?? [])];
  const commands = [
    ...(more.commands ?? []),
    // Last: by then the machine has its name.
    ...(isNode ? [["systemctl", "enable", "--now", ...BOOT_UNITS]] : []),
  ];
  return [
    "#cloud-config",
    "disable_root: false",
    "ssh_pwauth: false",
    // What the cluster writes into /etc/hosts must outlast a reboot.
    "manage_etc_hosts: false",
    "write_files:",
    ...[{ path: BOOT_ENV_PATH, mode: "0644", content: environment.join("") }, ...files].flatMap(writeFile),
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

function writeFile({ path, mode, content }: BootFile): string[] {
  const lines = content.replace(/\n$/, "").split("\n");
  return [
    `  - path: ${path}`,
    `    permissions: "${mode}"`,
    "    content: |",
    ...lines.map((line) => (line === "" ? "" : `      ${line}`)),
  ];
}
