import { createHash } from "node:crypto";
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

/** A machine's keys in the text of a known_hosts file. */
export function keysOf(text: string, manifest: Manifest, host: string): readonly string[] {
  const [name = ""] = namesIn(manifest, host);
  const own = text.split("\n").filter((line) => namesOnLine(line).some((given) => given === name || given === "*"));
  return own.map((line) => withoutComment(line.trim().split(/\s+/).slice(1).join(" ")));
}

export function withKeys(text: string, manifest: Manifest, host: string, keys: readonly string[]): string {
  const names = namesIn(manifest, host).join(",");
  const ended = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return ended + keys.map((key) => `${names} ${key}\n`).join("");
}

export function withoutHosts(text: string, manifest: Manifest, hosts: readonly string[]): string {
  const gone = new Set(hosts.flatMap((host) => namesIn(manifest, host)));
  const lines = text.split("\n");
  return lines.filter((line) => !namesOnLine(line).some((name) => gone.has(name))).join("\n");
}

export function haveOneInCommon(keys: readonly string[], others: readonly string[]): boolean {
  const plain = new Set(others.map(withoutComment));
  return keys.some((key) => plain.has(withoutComment(key)));
}

function withoutComment(key: string): string {
  return key.split(" ").slice(0, 2).join(" ");
}

/** The names of a machine in known_hosts; the first is the one that SSH looks for. */
function namesIn(manifest: Manifest, host: string): readonly string[] {
  const names = namesOf(manifest).find((all) => all.includes(host)) ?? [];
  // Nodes are reached by their addresses, the master by its way in.
  return host === manifest.master.host ? names : [...names].reverse();
}

function namesOnLine(line: string): readonly string[] {
  const [names = ""] = line.trim().split(/\s+/);
  return names.startsWith("#") ? [] : names.split(",");
}

/** As `ssh-keygen -l` shows it. */
export function fingerprint(key: string): string {
  const [type = "", blob = ""] = key.split(" ");
  const hash = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64");
  return `${type} SHA256:${hash.replace(/=+$/, "")}`;
}
