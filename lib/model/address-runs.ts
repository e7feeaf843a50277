import { foldRanges } from "./address-ranges";
import { type AddressRange, formatAddress, formatRange, parseAddress, parseRange } from "./cidr";
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
