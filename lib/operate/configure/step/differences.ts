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
    return lineDifferences(is, wanted, at);
  }
  return [`${at === "" ? "it" : at} is ${shown(is)} instead of ${shown(wanted)}`];
}

/** Of text, the lines that only one side has; of many, the first. */
function lineDifferences(is: string, wanted: string, at: string): readonly string[] {
  const [have, want] = [new Set(is.split("\n")), new Set(wanted.split("\n"))];
  const lacking = [...want].filter((line) => !have.has(line));
  const excess = [...have].filter((line) => !want.has(line));
  const some = (verb: string, lines: readonly string[]) => {
    const more = lines.length > 1 ? ` and ${lines.length - 1} more lines` : "";
    return lines.length === 0
      ? []
      : [`${at} ${verb} ${shown(lines.find((line) => !line.startsWith("#")) ?? lines[0])}${more}`];
  };
  const found = [...some("lacks", lacking), ...some("still has", excess)];
  return found.length > 0 ? found : [`${at} has its lines in another order, or twice`];
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

function isRecord(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
