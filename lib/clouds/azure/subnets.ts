import {
  type AddressRange,
  cidrProblems,
  contains,
  formatAddress,
  formatCidr,
  overlaps,
  parseCidr,
} from "../../model/cidr";
import type { Problem } from "../../model/problems";
import { type LockFile, lockedFact } from "../lock-file";
import { parseResourceId, resourceIdProblems } from "./names";

/** Address ranges of a site. */
export interface SubnetPlan {
  /** Holds the other two. */
  readonly cidr: string;
  readonly masterCidr: string;
  readonly poolCidr: string;
}

/** Address ranges of a network of our own. */
export interface NetworkPlan extends SubnetPlan {
  /** Kept for a Bastion, which wants 64 addresses. */
  readonly bastionCidr: string;
}

/** A subnet that is there already. */
export interface AzureSubnet {
  /** `/subscriptions/…/virtualNetworks/NAME/subnets/NAME` */
  readonly id: string;

  /**
   * Its address range.
   *
   * @default - as in the lock file
   */
  readonly cidr?: string;
}

/** Subnets of a virtual network that is there already, with what is known of them. */
export interface ExistingPlan {
  readonly master: Required<AzureSubnet>;
  readonly pools: Required<AzureSubnet>;
}

/** Azure takes the first four addresses of a subnet and its last; network and broadcast address are nobody's anyway. */
const KEPT_FIRST = 3;
/** What Azure accepts as a network; below /24 there would be no room for a master, a Bastion and pools. */
const PREFIXES = { shortest: 8, longest: 24 } as const;
/** The smallest subnet that Azure makes has three addresses to give. */
const LONGEST_SUBNET = 29;

/** Addresses that Azure keeps for itself in the given subnets, beyond network and broadcast address. */
export function reservedAddresses(subnets: readonly string[]): readonly string[] {
  return [...new Set(subnets)].flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr === undefined ? [] : [`${formatAddress(cidr.first + 1)}-${formatAddress(cidr.first + KEPT_FIRST)}`];
  });
}

/** How a network of our own is divided: a small subnet for the master at its beginning, its upper half for pools. */
export function divideNetwork(text: string): NetworkPlan {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`${text} is not a subnet`);
  const quarter = (cidr.last - cidr.first + 1) / 4;
  return {
    cidr: text,
    masterCidr: formatCidr(cidr.first, Math.max(24, cidr.prefix + 2)),
    bastionCidr: formatCidr(cidr.first + quarter, 26),
    poolCidr: formatCidr(cidr.first + 2 * quarter, cidr.prefix + 1),
  };
}

/** What is wrong with the address range of a network of our own. */
export function networkCidrProblems(text: string, at: string): readonly Problem[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return cidrProblems(at, text);
  if (cidr.prefix >= PREFIXES.shortest && cidr.prefix <= PREFIXES.longest) return [];
  return [
    {
      at,
      got: text,
      want: `from /${PREFIXES.shortest} to /${PREFIXES.longest}, which is what Azure takes and our subnets need`,
    },
  ];
}

/** The smallest range that holds both subnets: every machine of the site has its address in it. */
export function planExisting({ master, pools }: ExistingPlan): SubnetPlan {
  return { cidr: hull(master.cidr, pools.cidr), masterCidr: master.cidr, poolCidr: pools.cidr };
}

export interface ExistingWish {
  readonly masterSubnet: AzureSubnet;
  /** @default - the master's */
  readonly poolSubnet?: AzureSubnet;
}

const SUBNET_TYPE = "Microsoft.Network/virtualNetworks/subnets";

/** The subnets with their address ranges, from the stack or from the lock file; or what is wrong. */
export function existingPlan(
  { masterSubnet, poolSubnet = masterSubnet }: ExistingWish,
  { location, lock }: { readonly location: string; readonly lock: LockFile },
): { readonly plan?: ExistingPlan; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read = ({ id, cidr }: AzureSubnet, at: string): Required<AzureSubnet> | undefined => {
    const wrong = resourceIdProblems(id, SUBNET_TYPE, `${at}.id`);
    problems.push(...wrong);
    if (wrong.length > 0) return undefined;
    const text = cidr ?? lockedFact(lock, "azure", location, id)?.["cidr"];
    if (text === undefined) {
      const want = "given, or looked up once and written to the lock file";
      problems.push({
        at: `${at}.cidr`,
        got: undefined,
        want,
        hint: `lockAzure({ location: "${location}", subnets: ["${id}"] }) does that`,
      });
      return undefined;
    }
    problems.push(...subnetCidrProblems(text, `${at}.cidr`));
    return { id, cidr: text };
  };
  const master = read(masterSubnet, "network.masterSubnet");
  const pools = poolSubnet === masterSubnet ? master : read(poolSubnet, "network.poolSubnet");
  if (master !== undefined && pools !== undefined && master.id !== pools.id) {
    if (networkOf(master.id) !== networkOf(pools.id)) {
      problems.push({
        at: "network.poolSubnet.id",
        got: pools.id,
        want: "a subnet of the virtual network that the master's subnet is in",
      });
    }
    if (overlap(master.cidr, pools.cidr)) {
      problems.push({
        at: "network.poolSubnet.cidr",
        got: pools.cidr,
        want: `apart from the master's subnet ${master.cidr}`,
      });
    }
  }
  if (problems.length > 0 || master === undefined || pools === undefined) return { problems };
  return { plan: { master, pools }, problems };
}

function subnetCidrProblems(text: string, at: string): readonly Problem[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return cidrProblems(at, text);
  if (cidr.prefix <= LONGEST_SUBNET) return [];
  return [
    { at, got: text, want: `at least a /${LONGEST_SUBNET}: Azure keeps five addresses of every subnet for itself` },
  ];
}

function networkOf(subnet: string): string {
  const id = parseResourceId(subnet);
  return [id?.subscription, id?.group, id?.names[0]].join("/").toLowerCase();
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
