import { type AddressRange, formatAddress, formatRange, parseRange, parseAddress } from "./cidr";
import { DocumentError } from "./document-error";

/**
 * Runs of consecutive addresses, in the order of the hosts: `["10.77.32.1-10.77.32.4"]`.
 * It keeps the manifest of thousands of machines small.
 */
export function encodeAddresses(addresses: readonly string[]): string[] {
  return foldRanges(
    addresses.map((text) => {
      const address = parseAddress(text);
      if (address === undefined) throw new DocumentError(`${JSON.stringify(text)} is not an IPv4 address`);
      return { first: address, last: address };
    }),
  ).map(formatRange);
}

/**
 * All addresses of such runs, in order: the inverse of `encodeAddresses`.
 *
 * @throws DocumentError if a run is neither an address nor two with a hyphen between them
 */
export function decodeAddresses(runs: readonly string[]): string[] {
  return runs.flatMap((run) => {
    const range = run.includes("/") ? undefined : parseRange(run);
    if (range === undefined) throw new DocumentError(`${JSON.stringify(run)} is not a run of IPv4 addresses`);
    return listAddresses(range);
  });
}

export function listAddresses({ first, last }: AddressRange): string[] {
  return Array.from({ length: last - first + 1 }, (_, k) => formatAddress(first + k));
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
