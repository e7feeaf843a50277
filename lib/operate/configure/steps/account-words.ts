import { isDeepStrictEqual } from "node:util";
import type { Json } from "../step/step";

type Entry = { readonly name: string; readonly [key: string]: Json };
interface Accounts {
  readonly groups: readonly Entry[];
  readonly users: readonly Entry[];
}

/** What becomes of each user and group that is not as it should be: `+ carol (uid 2003)`. Pure. */
export function accountWords(before: Accounts | null, after: Accounts): readonly string[] {
  const was = before ?? { groups: [], users: [] };
  const people = new Set([...was.users, ...after.users].map(({ name }) => name));
  return [
    // A group of a user's own comes and goes with the user.
    ...changed(was.groups, after.groups, "group", "gid").filter((line) => !people.has(line.split(" ")[2] ?? "")),
    ...changed(was.users, after.users, "user", "uid"),
  ];
}

function changed(
  before: readonly Entry[],
  after: readonly Entry[],
  noun: "group" | "user",
  number: "gid" | "uid",
): readonly string[] {
  const was = new Map(before.map((entry) => [entry.name, entry]));
  const wanted = new Set(after.map(({ name }) => name));
  return [
    ...after.flatMap((entry) => {
      const old = was.get(entry.name);
      if (old === undefined) return [`+ ${noun} ${entry.name} (${number} ${shown(entry[number])})`];
      if (isDeepStrictEqual(old, entry)) return [];
      const keys = [...new Set([...Object.keys(entry), ...Object.keys(old)])];
      const words = keys.flatMap((key) => (isDeepStrictEqual(old[key], entry[key]) ? [] : [keyWords(key, old, entry)]));
      return [`~ ${noun} ${entry.name}: ${words.join("; ")}`];
    }),
    ...before
      .filter(({ name }) => !wanted.has(name))
      .map((entry) => `- ${noun} ${entry.name} (${number} ${shown(entry[number])})`),
  ];
}

function keyWords(key: string, old: Entry, now: Entry): string {
  if (key === "shadow") return "its entry in /etc/shadow is made anew";
  if (key === "homeIsThere") return "its home is made";
  const [was, is] = [old[key], now[key]];
  if (Array.isArray(was) && Array.isArray(is)) {
    const [one, other] = [was as readonly Json[], is as readonly Json[]];
    const more = other.filter((item) => !one.some((same) => isDeepStrictEqual(same, item)));
    const less = one.filter((item) => !other.some((same) => isDeepStrictEqual(same, item)));
    const list = [...more.map((item) => `+ ${brief(item)}`), ...less.map((item) => `- ${brief(item)}`)];
    return `${key} ${list.length === 0 ? "in another order" : list.join(", ")}`;
  }
  return `${key} ${shown(was)} → ${shown(is)}`;
}

/** Of a public key, what people know it by. */
function brief(item: Json): string {
  const [kind = "", , ...comment] = typeof item === "string" ? item.split(" ") : [shown(item)];
  return [kind, ...comment].join(" ");
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "nothing";
  return typeof value === "string" ? value : JSON.stringify(value);
}
