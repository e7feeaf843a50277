import { createHash } from "node:crypto";
import type { ClusterSpec } from "./cluster-spec";

/** The text of `cluster.json`: the same for the same spec, whatever the order of its keys. */
export function renderClusterSpec(spec: ClusterSpec): string {
  return `${JSON.stringify(spec, sortKeys, 2)}\n`;
}

/** What the manifest says of the spec that it was synthesized with: SHA-256 of the text of `cluster.json`, as hex. */
export function clusterSpecHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
