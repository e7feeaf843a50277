import { type AddressRange, overlaps } from "./cidr";

/** By first address: what the functions below expect. */
export function sorted(ranges: readonly AddressRange[]): readonly AddressRange[] {
  return [...ranges].sort((a, b) => a.first - b.first);
}

/** What is in two of the ranges. Of overlapping ranges in order, two neighbours overlap. */
export function repeated(ranges: readonly AddressRange[]): AddressRange | undefined {
  const ordered = sorted(ranges);
  for (let k = 1; k < ordered.length; k++) {
    const hit = intersection(ordered[k - 1], ordered[k]);
    if (hit !== undefined) return hit;
  }
  return undefined;
}

/** The first addresses that are in both sorted lists; one pass over each, because a pool may be a list of thousands. */
export function commonPart(some: readonly AddressRange[], others: readonly AddressRange[]): AddressRange | undefined {
  let [i, j] = [0, 0];
  while (i < some.length && j < others.length) {
    const hit = intersection(some[i], others[j]);
    if (hit !== undefined) return hit;
    if ((some[i]?.last ?? 0) < (others[j]?.last ?? 0)) i++;
    else j++;
  }
  return undefined;
}

function intersection(a: AddressRange | undefined, b: AddressRange | undefined): AddressRange | undefined {
  if (a === undefined || b === undefined || !overlaps(a, b)) return undefined;
  return { first: Math.max(a.first, b.first), last: Math.min(a.last, b.last) };
}

/** Joins neighbours where one ends just before the next begins; the order stays. */
export function foldRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const folded: { first: number; last: number }[] = [];
  for (const { first, last } of ranges) {
    const previous = folded.at(-1);
    if (previous !== undefined && previous.last + 1 === first) previous.last = last;
    else folded.push({ first, last });
  }
  return folded;
}
