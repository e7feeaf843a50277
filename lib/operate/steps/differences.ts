import type { Json } from "./step";

const LONGEST_VALUE = 60;

/** Where two states differ, for people: `users[2].shell is "/bin/sh" instead of "/bin/bash"`. */
export function differences(is: Json | undefined, wanted: Json | undefined, at = ""): readonly string[] {
  if (isRecord(is) && isRecord(wanted)) {
    const keys = [...new Set([...Object.keys(wanted), ...Object.keys(is)])];
    return keys.flatMap((key) => differences(is[key], wanted[key], at === "" ? key : `${at}.${key}`));
  }
  if (Array.isArray(is) && Array.isArray(wanted)) {
    const [have, want] = [is as readonly Json[], wanted as readonly Json[]];
    const length = Math.max(have.length, want.length);
    return Array.from({ length }, (_, k) => differences(have[k], want[k], `${at}[${k}]`)).flat();
  }
  if (is === wanted) return [];
  if (typeof is === "string" && typeof wanted === "string" && (is + wanted).includes("\n")) {
    return [`${at}: ${firstDifferentLine(is, wanted)}`];
  }
  return [`${at === "" ? "it" : at} is ${shown(is)} instead of ${shown(wanted)}`];
}

function firstDifferentLine(is: string, wanted: string): string {
  const [have, want] = [is.split("\n"), wanted.split("\n")];
  const k = Array.from({ length: Math.max(have.length, want.length) }, (_, i) => i).find((i) => have[i] !== want[i]) ?? 0;
  return `line ${k + 1} is ${shown(have[k])} instead of ${shown(want[k])}`;
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

function isRecord(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
