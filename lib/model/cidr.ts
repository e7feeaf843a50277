import ipaddr from "ipaddr.js";
import type { Problem } from "./problems";

/** A subnet, held as numbers so that blocks of thousands of addresses cost nothing. IPv4 only: Slurm nodes have one family. */
export interface Cidr {
  /** As it was written: `10.77.0.0/16`. */
  readonly text: string;
  readonly prefix: number;
  /** The network address. */
  readonly first: number;
  /** The broadcast address. */
  readonly last: number;
}

/** Addresses from `first` to `last`, both included. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** An IPv4 address in its usual four parts as a number, or `undefined`; `010.1.1.1` is none (octal to some, decimal to others). */
export function parseAddress(text: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.IPv4.parse(text).octets.reduce((address, octet) => address * 256 + octet, 0);
}

export function formatAddress(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** A subnet whose host bits are all zero; `undefined` for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const cidr = parseAnyCidr(text);
  return cidr !== undefined && text === formatCidr(cidr.first, cidr.prefix) ? cidr : undefined;
}

export function formatCidr(first: number, prefix: number): string {
  return `${formatAddress(first)}/${prefix}`;
}

/** What is wrong with a subnet that the user wrote. */
export function cidrProblems(at: string, text: string): readonly Problem[] {
  if (parseCidr(text) !== undefined) return [];
  const near = parseAnyCidr(text);
  return [
    {
      at,
      got: text,
      want: "an IPv4 subnet such as 10.77.0.0/16, with no bit set behind its prefix",
      hint: near === undefined ? undefined : `did you mean "${formatCidr(near.first, near.prefix)}"?`,
    },
  ];
}

export function sizeOf({ first, last }: AddressRange): number {
  return last - first + 1;
}

export function contains(range: AddressRange, address: number): boolean {
  return range.first <= address && address <= range.last;
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/**
 * The address `n` places behind the network address.
 *
 * @throws RangeError if it lies outside the subnet
 */
export function nthAddress(cidr: Cidr, n: number): string {
  if (!contains(cidr, cidr.first + n)) throw new RangeError(`${cidr.text} has no address number ${n}`);
  return formatAddress(cidr.first + n);
}

/** `10.0.0.1`, `10.0.0.1-10.0.0.9` or `10.0.0.0/24` as a range; `undefined` for anything else. */
export function parseRange(text: string): AddressRange | undefined {
  if (text.includes("/")) return parseCidr(text);
  const ends = text.split("-");
  const first = parseAddress((ends[0] ?? "").trim());
  const last = ends.length === 1 ? first : parseAddress((ends[1] ?? "").trim());
  if (ends.length > 2 || first === undefined || last === undefined || last < first) return undefined;
  return { first, last };
}

/** `10.0.0.1-10.0.0.9`; a range of one is just its address. */
export function formatRange({ first, last }: AddressRange): string {
  return first === last ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`;
}

function parseAnyCidr(text: string): Cidr | undefined {
  const [address = "", bits = "", ...rest] = text.split("/");
  const base = parseAddress(address);
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : 33;
  if (base === undefined || prefix > 32 || rest.length > 0) return undefined;
  const size = 2 ** (32 - prefix);
  const first = base - (base % size);
  return { text, prefix, first, last: first + size - 1 };
}
