import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package/root";
import { textBeside } from "../package/text-beside";

/** The program that makes a machine what the roles say; master and nodes run the same. */
export function applyRolesProgram(): string {
  return textBeside(__dirname, "apply-roles.sh");
}

/** A file that a machine is given. */
export interface ProgramFile {
  readonly path: string;
  /** Octal, e.g. `0755`. */
  readonly mode: string;
  readonly content: string;
}

/** What a stock machine needs to fetch everything else: the very files that the role `ohpc_node` installs, at the same places. */
export function nodeBootstrap(): readonly ProgramFile[] {
  const read = (name: string): string =>
    readFileSync(join(packageRoot(), "ansible/roles/ohpc_node/files", name), "utf8");
  return [
    ...["ohpc-node", "ohpc-node-answer"].map((name) => ({
      path: `/usr/lib/ohpc/${name}`,
      mode: "0755",
      content: read(name),
    })),
    ...["ohpc-node.service", ...BOOT_UNITS, "ohpc-node-answer.service"].map((name) => ({
      path: `/etc/systemd/system/${name}`,
      mode: "0644",
      content: read(name),
    })),
  ];
}

/** Those of them that are started at boot. */
export const BOOT_UNITS = ["ohpc-node.timer", "ohpc-node-answer.socket"] as const;
