import type { Manifest } from "../../model/manifest";
import { nodesOf } from "../hosts/nodes";

/**
 * The pinned host keys under the names that people and tools use: the way in, every host, every address. Pure.
 *
 * `pinned` is what the operator's own known_hosts file holds; a line for `*` stands for every machine of the cluster.
 */
export function renderKnownHosts(manifest: Manifest, pinned: string): string {
  const lines = pinned.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const own = lines.filter((line) => !line.startsWith("* "));
  const common = lines.filter((line) => line.startsWith("* ")).map((line) => line.slice(2).trim());
  const all = common.flatMap((key) => namesOf(manifest).map((names) => `${names.join(",")} ${key}`));
  return [...own, ...all, ""].join("\n");
}

/** The names of every machine, as known_hosts has them: the master's begin with the way in. */
export function namesOf(manifest: Manifest): readonly (readonly string[])[] {
  const { master } = manifest;
  const { host, port } = master.access;
  const wayIn = port === 22 ? host : `[${host}]:${port}`;
  const nodes = nodesOf(manifest).map((node) => [node.host, node.address]);
  return [[...new Set([wayIn, master.host, master.address])], ...nodes];
}
