import { DocumentError } from "../model/document-error";

/** Slurm refuses a range of more hosts (`MAX_RANGE` in hostlist.c). */
const LONGEST_RANGE = 65536;

/** Slurm counts in longs; nine digits are never too many. */
const MOST_DIGITS = 9;

/** Consecutive hosts: `first` to `last` behind `prefix`, written with at least `width` digits. */
interface Run {
  readonly prefix: string;
  readonly width: number;
  readonly first: number;
  last: number;
}

/**
 * Slurm's short form of hosts: `cpu-1 cpu-2 cpu-4` is `cpu-[1-2,4]`. Their order stays.
 * Zero-padded numbers keep their width, because `n-[01-02]` and `n-[1-2]` are different hosts.
 */
export function foldHosts(hosts: readonly string[]): string {
  const items: { prefix: string | undefined; ranges: string[] }[] = [];
  for (const run of runsOf(hosts)) {
    const previous = items.at(-1);
    if (typeof run === "string") items.push({ prefix: undefined, ranges: [run] });
    else if (previous?.prefix === run.prefix) previous.ranges.push(formatRange(run));
    else items.push({ prefix: run.prefix, ranges: [formatRange(run)] });
  }
  return items
    .map(({ prefix, ranges }) => (prefix === undefined ? ranges.join(",") : prefix + bracketed(ranges)))
    .join(",");
}

/**
 * The hosts that a hostlist stands for, in its order.
 *
 * @throws DocumentError for what is no hostlist, and for brackets at more than one place, which ohpc never writes
 */
export function expandHosts(hostlist: string): string[] {
  if (hostlist === "") return [];
  return splitOutsideBrackets(hostlist).flatMap((item) => expandItem(item, hostlist));
}

function expandItem(item: string, hostlist: string): string[] {
  if (/^[^\s[\],]+$/.test(item)) return [item];
  const [, prefix, ranges] = /^([^\s[\]]*)\[([0-9,-]+)\]$/.exec(item) ?? [];
  if (prefix === undefined || ranges === undefined) throw notAHostlist(hostlist);
  return ranges.split(",").flatMap((range) => {
    const [, low, high = low] = /^([0-9]+)(?:-([0-9]+))?$/.exec(range) ?? [];
    if (low === undefined || high === undefined) throw notAHostlist(hostlist);
    const [first, count] = [Number(low), Number(high) - Number(low) + 1];
    if (count < 1 || count > LONGEST_RANGE) throw notAHostlist(hostlist);
    return Array.from({ length: count }, (_, k) => prefix + String(first + k).padStart(low.length, "0"));
  });
}

/** In one pass: lists of thousands of hosts are ordinary. */
function splitOutsideBrackets(hostlist: string): string[] {
  const items: string[] = [];
  let start = 0;
  let inside = false;
  for (let k = 0; k < hostlist.length; k++) {
    const character = hostlist[k];
    if (character === "[") inside = true;
    else if (character === "]") inside = false;
    else if (character === "," && !inside) {
      items.push(hostlist.slice(start, k));
      start = k + 1;
    }
  }
  return [...items, hostlist.slice(start)];
}

/** Runs of hosts whose names end with a number; other hosts as they are. */
function runsOf(hosts: readonly string[]): (Run | string)[] {
  const runs: (Run | string)[] = [];
  for (const host of hosts) {
    const digits = trailingDigits(host);
    if (digits === "") {
      runs.push(host);
      continue;
    }
    const prefix = host.slice(0, host.length - digits.length);
    const number = Number(digits);
    const previous = runs.at(-1);
    if (typeof previous === "object" && continues(previous, prefix, digits)) previous.last = number;
    else runs.push({ prefix, width: digits.length, first: number, last: number });
  }
  return runs;
}

function continues({ prefix: before, width, first, last }: Run, prefix: string, digits: string): boolean {
  const next = last + 1;
  return before === prefix && String(next).padStart(width, "0") === digits && next - first < LONGEST_RANGE;
}

/** By hand, because a regular expression that is anchored at the end only tries every digit as a start. */
function trailingDigits(host: string): string {
  let start = host.length;
  while (start > 0 && host.length - start < MOST_DIGITS && /[0-9]/.test(host.charAt(start - 1))) start--;
  return host.slice(start);
}

function formatRange({ width, first, last }: Run): string {
  const text = (number: number) => String(number).padStart(width, "0");
  return first === last ? text(first) : `${text(first)}-${text(last)}`;
}

/** A single number without brackets: Slurm takes both, people read this. */
function bracketed(ranges: readonly string[]): string {
  const text = ranges.join(",");
  return /[-,]/.test(text) ? `[${text}]` : text;
}

function notAHostlist(text: string): DocumentError {
  return new DocumentError(`${JSON.stringify(text)} is not a hostlist such as cpu-[1-4]`);
}
