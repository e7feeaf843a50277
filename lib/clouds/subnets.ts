import {
  type AddressRange,
  cidrProblems,
  contains,
  formatAddress,
  formatCidr,
  overlaps,
  parseCidr,
} from "../model/cidr";
import type { Problem } from "../model/problems";
import { type PinnedFact, type PinFile, pinnedFact } from "./pins";

/** Address ranges of a site. */
export interface SubnetPlan {
  /** Holds the other two. */
  readonly cidr: string;
  readonly masterCidr: string;
  readonly poolCidr: string;
}

/** A subnet that is there already. */
export interface ExistingSubnet {
  readonly id: string;

  /**
   * Its address range.
   *
   * @default - as in the pin file
   */
  readonly cidr?: string;
}

/** Two subnets that are there already, or one that is used for both, as the user wrote them down. */
export interface ExistingSubnetOptions {
  readonly masterSubnet: ExistingSubnet;
  /** @default - the master's */
  readonly poolSubnet?: ExistingSubnet;
}

/** The same, with what is known of them. */
export interface ExistingSubnets {
  readonly master: Required<ExistingSubnet>;
  readonly pools: Required<ExistingSubnet>;
}

/** Where a cloud's subnets are looked up, and what they must be there. */
export interface SubnetRules {
  readonly kind: string;
  readonly region: string;
  readonly pins: PinFile;
  /** The call that writes a subnet to the pin file. */
  readonly lookUp: (id: string) => string;
  readonly idProblems: (id: string, at: string) => readonly Problem[];
  /** What is wrong with one of them. */
  readonly subnetProblems: (
    subnet: Required<ExistingSubnet>,
    fact: PinnedFact | undefined,
    at: string,
  ) => readonly Problem[];
  /** What is wrong with two different ones together. */
  readonly pairProblems?: (subnets: ExistingSubnets) => readonly Problem[];
}

/** AWS and Azure take the first four addresses of a subnet and its last; network and broadcast address are nobody's anyway. */
const KEPT_FIRST = 3;

/** Addresses that the vendor keeps for itself in the given subnets, beyond network and broadcast address. */
export function reservedAddresses(subnets: readonly string[]): readonly string[] {
  return [...new Set(subnets)].flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr === undefined ? [] : [`${formatAddress(cidr.first + 1)}-${formatAddress(cidr.first + KEPT_FIRST)}`];
  });
}

/** What is wrong with a range whose size is limited. `why`: whose limits they are. */
export function rangeProblems(
  text: string,
  at: string,
  { shortest, longest, why }: { readonly shortest: number; readonly longest: number; readonly why: string },
): readonly Problem[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return cidrProblems(at, text);
  if (cidr.prefix < shortest || cidr.prefix > longest)
    return [{ at, got: text, want: `from /${shortest} to /${longest}, ${why}` }];
  const others = NO_NETWORKS.find((range) => overlaps(parseCidr(range) ?? cidr, cidr));
  return others === undefined
    ? []
    : [{ at, got: text, want: `apart from ${others}, which is no network of anybody's own` }];
}

/** This host, link-local addresses (with the clouds' metadata), multicast, and what is reserved: RFC 6890, RFC 5771. */
const NO_NETWORKS = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"];

/** The smallest range that holds both subnets: every machine of the site has its address in it. */
export function planExisting({ master, pools }: ExistingSubnets): SubnetPlan {
  return { cidr: hull(master.cidr, pools.cidr), masterCidr: master.cidr, poolCidr: pools.cidr };
}

/** The subnets with their address ranges, from the stack or from the pin file; or what is wrong. */
export function existingSubnets(
  { masterSubnet, poolSubnet = masterSubnet }: ExistingSubnetOptions,
  rules: SubnetRules,
): { readonly subnets?: ExistingSubnets; readonly problems: readonly Problem[] } {
  const one = readSubnet(masterSubnet, "network.masterSubnet", rules);
  const other = poolSubnet === masterSubnet ? one : readSubnet(poolSubnet, "network.poolSubnet", rules);
  const problems = [...one.problems, ...(other === one ? [] : other.problems)];
  const [master, pools] = [one.subnet, other.subnet];
  if (master === undefined || pools === undefined) return { problems };
  if (master.id !== pools.id) {
    problems.push(...(rules.pairProblems?.({ master, pools }) ?? []));
    if (overlap(master.cidr, pools.cidr)) {
      const want = `apart from the master's subnet ${master.cidr}`;
      problems.push({ at: "network.poolSubnet.cidr", got: pools.cidr, want });
    }
  }
  return problems.length > 0 ? { problems } : { subnets: { master, pools }, problems };
}

function readSubnet(
  { id, cidr }: ExistingSubnet,
  at: string,
  { kind, region, pins, lookUp, idProblems, subnetProblems }: SubnetRules,
): { readonly subnet?: Required<ExistingSubnet>; readonly problems: readonly Problem[] } {
  const wrong = idProblems(id, `${at}.id`);
  if (wrong.length > 0) return { problems: wrong };
  const fact = pinnedFact(pins, kind, region, id);
  const text = cidr ?? fact?.["cidr"];
  if (text === undefined) {
    const want = "given, or looked up once and written to the pin file";
    return { problems: [{ at: `${at}.cidr`, got: undefined, want, hint: `${lookUp(id)} does that` }] };
  }
  const subnet = { id, cidr: text };
  return { subnet, problems: subnetProblems(subnet, fact, at) };
}

function overlap(a: string, b: string): boolean {
  const [one, other] = [parseCidr(a), parseCidr(b)];
  return one !== undefined && other !== undefined && overlaps(one, other);
}

function hull(a: string, b: string): string {
  const [one, other] = [parseCidr(a), parseCidr(b)];
  if (one === undefined || other === undefined) throw new RangeError(`${a} or ${b} is not a subnet`);
  const both: AddressRange = { first: Math.min(one.first, other.first), last: Math.max(one.last, other.last) };
  for (let prefix = Math.min(one.prefix, other.prefix); ; prefix--) {
    const size = 2 ** (32 - prefix);
    const first = both.first - (both.first % size);
    if (contains({ first, last: first + size - 1 }, both.last)) return formatCidr(first, prefix);
  }
}
