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
  const from = (name: string, directory: string, mode: string) => fileOfRole("ohpc_node", name, directory, mode);
  return [
    ...["ohpc-node", "ohpc-node-answer"].map((name) => from(name, "/usr/lib/ohpc", "0755")),
    ...["ohpc-node.service", ...BOOT_UNITS, "ohpc-node-answer.service"].map((name) => from(name, UNITS, "0644")),
  ];
}

/** Those of them that are started at boot. */
export const BOOT_UNITS = ["ohpc-node.timer", "ohpc-node-answer.socket"] as const;

/** What keeps users from a machine's cloud identity until the roles do: the very files of the role `metadata_guard`, but for nftables itself. */
export function metadataGuardFiles(): readonly ProgramFile[] {
  const from = (name: string, directory: string, mode: string) => fileOfRole("metadata_guard", name, directory, mode);
  return [
    from("metadata-guard", "/usr/lib/ohpc", "0755"),
    from("metadata-guard.nft", "/usr/lib/ohpc", "0644"),
    ...METADATA_GUARD_UNITS.map((name) => from(name, UNITS, "0644")),
  ];
}

/** Those of them that are started at boot. */
export const METADATA_GUARD_UNITS = ["ohpc-metadata-guard.timer", "ohpc-metadata-guard.service"] as const;

const UNITS = "/etc/systemd/system";

function fileOfRole(role: string, name: string, directory: string, mode: string): ProgramFile {
  const content = readFileSync(join(packageRoot(), "ansible/roles", role, "files", name), "utf8");
  return { path: `${directory}/${name}`, mode, content };
}
