import { createHash } from "node:crypto";
import type { Wish } from "./wish";

/** The text of `cluster.json`: the same for the same wish, whatever the order of its keys. */
export function renderWish(wish: Wish): string {
  return `${JSON.stringify(wish, sortKeys, 2)}\n`;
}

/** What the manifest says of the wish that it was synthesized with: SHA-256 of the text of `cluster.json`, as hex. */
export function wishHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
