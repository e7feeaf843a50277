import { createHash } from "node:crypto";
import { commonPart, foldRanges, repeated, sorted } from "./address-ranges";
import { listAddresses } from "./address-runs";
import { type AddressRange, type Cidr, contains, formatRange, parseAddress, parseRange, sizeOf } from "./cidr";
import { freeAddresses } from "./free-addresses";
import type { Problem } from "./problems";

/** Addresses per slot: a pool owns whole slots, so that it can grow without moving anything. */
export const SLOT = 256;

/** The master has network address + 10; below it platforms keep gateways and name servers, behind it come routers. */
export const MASTER_OFFSET = 10;

/**
 * What a user may write as a pool's `addresses`: a subnet (host k has its network address + k), a range
 * `10.0.0.5-10.0.0.9`, or a list of ranges and single addresses in the order of the hosts (host k has the k-th).
 */
export type AddressChoice = string | readonly string[];

/** Addresses that somebody else has. */
export interface Taken {
  /** As messages call them: `pool "cpu"`, `the master`. */
  readonly owner: string;
  readonly ranges: readonly AddressRange[];
}

/** The subnet of a site, and who has what in it. */
export interface AddressSpace {
  readonly cidr: Cidr;
  /** What the platform keeps for itself, beyond network and broadcast address: addresses, ranges or subnets. */
  readonly reserved: readonly string[];
  readonly masterAddress: string;
  /** Blocks of the pools that are there already. */
  readonly taken: readonly Taken[];
}

export interface AddressClaim {
  /** The pool's name: its hash chooses the block. */
  readonly pool: string;
  readonly nodes: number;
  readonly addresses?: AddressChoice | undefined;
  /** Networks that were there before us may hold machines that we know nothing of. */
  readonly required?: boolean;
}

export interface AddressBlock {
  /** The addresses of the hosts, in their order. */
  readonly hosts: readonly AddressRange[];
  /** All that the pool owns, so that it can grow. */
  readonly owned: readonly AddressRange[];
}

export interface AddressAnswer {
  /** Absent when there is a problem. */
  readonly block?: AddressBlock;
  readonly problems: readonly Problem[];
}

/**
 * The addresses of a pool: by default a block of whole slots that the hash of its name alone chooses, so that adding,
 * removing, growing or reordering pools moves no other address.
 * A block that is taken is a problem, never a reason to move: its message has the very line to paste.
 */
export function claimAddresses(claim: AddressClaim, space: AddressSpace, at = "addresses"): AddressAnswer {
  const { addresses, nodes, pool, required = false } = claim;
  if (addresses === undefined) {
    if (!required) return judge({ claim, space, at, block: slotBlock(pool, nodes, space.cidr) });
    const want = "given, because the network was there before the cluster and may hold other machines";
    return { problems: [{ at, got: undefined, want, ...pasteHint(claim, space) }] };
  }
  const texts = typeof addresses === "string" ? [addresses] : addresses;
  const wrong = texts.flatMap((text, index) =>
    rangeProblems(text, typeof addresses === "string" ? at : `${at}[${index}]`),
  );
  if (texts.length === 0) wrong.push({ at, got: addresses, want: "at least one address" });
  if (wrong.length > 0) return { problems: wrong };
  return judge({ claim, space, at, block: chosenBlock(texts, nodes) });
}

/** The addresses of a block's hosts, one by one, in their order. */
export function hostAddresses(block: AddressBlock): string[] {
  return block.hosts.flatMap(listAddresses);
}

/** What is wrong with the address that the user chose for the master. */
export function masterAddressProblems(
  address: string,
  cidr: Cidr,
  reserved: readonly string[],
  at = "address",
): readonly Problem[] {
  const number = parseAddress(address);
  if (number === undefined) return [{ at, got: address, want: "an IPv4 address such as 10.77.0.10" }];
  if (!contains(cidr, number)) return [{ at, got: address, want: `inside the subnet ${cidr.text}` }];
  const keeper = platformRanges(cidr, reserved).find(({ ranges }) => ranges.some((range) => contains(range, number)));
  return keeper === undefined ? [] : [{ at, got: address, want: `another address: it is ${keeper.owner}` }];
}

/** The block that begins at the slot of the name's hash; the first and the last slot belong to no pool. */
function slotBlock(pool: string, nodes: number, cidr: Cidr): AddressBlock | undefined {
  const slots = Math.floor(sizeOf(cidr) / SLOT) - 2;
  if (slots < 1) return undefined;
  const first = cidr.first + (1 + (createHash("sha256").update(pool).digest().readUInt32BE(0) % slots)) * SLOT;
  const owned = { first, last: first + Math.ceil((nodes + 1) / SLOT) * SLOT - 1 };
  return { owned: [owned], hosts: [{ first: first + 1, last: first + nodes }] };
}

function chosenBlock(texts: readonly string[], nodes: number): AddressBlock {
  const owned = texts.flatMap((text) => parseRange(text) ?? []);
  const usable = texts.flatMap((text) => {
    const range = parseRange(text);
    if (range === undefined) return [];
    // In a subnet, host k has network + k: address 0 is nobody's.
    return [text.includes("/") ? { first: range.first + 1, last: range.last } : range];
  });
  let left = nodes;
  const hosts: AddressRange[] = [];
  for (const { first, last } of usable) {
    const taken = Math.min(left, last - first + 1);
    if (taken > 0) hosts.push({ first, last: first + taken - 1 });
    left -= taken;
  }
  return { owned, hosts: foldRanges(hosts) };
}

interface Judged {
  readonly claim: AddressClaim;
  readonly space: AddressSpace;
  readonly at: string;
  readonly block: AddressBlock | undefined;
}

function judge({ claim, space, at, block }: Judged): AddressAnswer {
  const { cidr, masterAddress, reserved, taken } = space;
  const got = claim.addresses;
  if (block === undefined) {
    const want = `given, because the subnet ${cidr.text} has too few addresses for a block per pool`;
    return { problems: [{ at, got, want, ...pasteHint(claim, space) }] };
  }
  const problems: Problem[] = [];
  const blame = (want: string) =>
    problems.push({
      at,
      got: shortened(got) ?? block.owned.map(formatRange).join(", "),
      want,
      ...pasteHint(claim, space),
    });

  const room = got === undefined ? { first: cidr.first + SLOT, last: cidr.last - SLOT } : cidr;
  if (block.owned.some(({ first, last }) => first < room.first || last > room.last)) {
    blame(`inside ${got === undefined ? `the blocks for pools ${formatRange(room)}` : `the subnet ${cidr.text}`}`);
  }
  const twice = repeated(block.owned);
  if (twice !== undefined) blame(`each address once (${formatRange(twice)} is there twice)`);

  const capacity = block.hosts.reduce((sum, range) => sum + sizeOf(range), 0);
  if (capacity < claim.nodes) blame(`enough for ${claim.nodes} nodes (it is enough for ${capacity})`);

  const hosts = sorted(block.hosts);
  for (const { owner, ranges } of [...platformRanges(cidr, reserved), masterRange(masterAddress)]) {
    const hit = commonPart(hosts, sorted(ranges));
    if (hit !== undefined) blame(`addresses that are free (${formatRange(hit)} is ${owner})`);
  }
  const owned = sorted(block.owned);
  for (const { owner, ranges } of taken) {
    const hit = commonPart(owned, sorted(ranges));
    if (hit !== undefined) blame(`a block of its own (${formatRange(hit)} belongs to ${owner})`);
  }
  return problems.length > 0 ? { problems } : { block: { ...block, owned: foldRanges(block.owned) }, problems };
}

/** A list may be thousands long; its beginning shows which it is. */
function shortened(choice: AddressChoice | undefined): AddressChoice | undefined {
  return typeof choice === "object" && choice.length > 4 ? [...choice.slice(0, 3), "…"] : choice;
}

function rangeProblems(text: string, at: string): Problem[] {
  if (parseRange(text) !== undefined) return [];
  return [{ at, got: text, want: "a subnet 10.0.0.0/24, a range 10.0.0.5-10.0.0.9 or an address 10.0.0.5" }];
}

function platformRanges(cidr: Cidr, reserved: readonly string[]): readonly Taken[] {
  return [
    { owner: "the network address of the subnet", ranges: [{ first: cidr.first, last: cidr.first }] },
    { owner: "the broadcast address of the subnet", ranges: [{ first: cidr.last, last: cidr.last }] },
    { owner: "reserved by the platform", ranges: reserved.flatMap((text) => parseRange(text) ?? []) },
  ];
}

function masterRange(address: string): Taken {
  const range = parseRange(address);
  return { owner: "the address of the master", ranges: range === undefined ? [] : [range] };
}

/** `paste addresses: "10.77.33.0/24"`, or that there is no room. */
function pasteHint({ nodes, pool }: AddressClaim, space: AddressSpace): { readonly hint: string } {
  const { cidr, masterAddress, reserved, taken } = space;
  const free = freeAddresses({
    cidr,
    nodes,
    from: slotBlock(pool, nodes, cidr)?.owned[0]?.first ?? cidr.first,
    kept: [...platformRanges(cidr, reserved), masterRange(masterAddress)].flatMap(({ ranges }) => ranges),
    owned: taken.flatMap(({ ranges }) => ranges),
    slot: SLOT,
    // Where there are slots, the first is for the master and routers, and the last stays empty.
    margin: sizeOf(cidr) >= 3 * SLOT ? SLOT : 0,
  });
  return { hint: free === undefined ? `${cidr.text} has no room for ${nodes} nodes` : `paste addresses: "${free}"` };
}
