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

/** Address ranges of a site. */
export interface SubnetPlan {
  /** Holds the other two. */
  readonly cidr: string;
  readonly masterCidr: string;
  readonly poolCidr: string;
}

/** A subnet that is there already. */
export interface AwsSubnet {
  /** `subnet-…` */
  readonly id: string;

  /**
   * Its address range.
   *
   * @default - as in the lock file
   */
  readonly cidr?: string;
}

/** Subnets of a VPC that is there already, with what is known of them. */
export interface ExistingPlan {
  readonly vpcId: string;
  readonly master: Required<AwsSubnet>;
  readonly pools: Required<AwsSubnet>;
  readonly zone: string;
}

/** AWS takes the first four addresses of a subnet and its last; network and broadcast address are nobody's anyway. */
const KEPT_FIRST = 3;
/** What AWS accepts as a VPC; below /24 there would be no room for two subnets with machines in them. */
const PREFIXES = { shortest: 16, longest: 24 } as const;

/** Addresses that AWS keeps for itself in the given subnets, beyond network and broadcast address. */
export function reservedAddresses(subnets: readonly string[]): readonly string[] {
  return [...new Set(subnets)].flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr === undefined ? [] : [`${formatAddress(cidr.first + 1)}-${formatAddress(cidr.first + KEPT_FIRST)}`];
  });
}

/** How a VPC of our own is divided: a small public subnet at its beginning, its upper half for pools. */
export function divideVpc(text: string): SubnetPlan {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`${text} is not a subnet`);
  const half = (cidr.last - cidr.first + 1) / 2;
  return {
    cidr: text,
    masterCidr: formatCidr(cidr.first, Math.max(24, cidr.prefix + 2)),
    poolCidr: formatCidr(cidr.first + half, cidr.prefix + 1),
  };
}

/** What is wrong with the address range of a VPC of our own. */
export function vpcProblems(text: string, at: string): readonly Problem[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return cidrProblems(at, text);
  if (cidr.prefix >= PREFIXES.shortest && cidr.prefix <= PREFIXES.longest) return [];
  return [
    {
      at,
      got: text,
      want: `from /${PREFIXES.shortest} to /${PREFIXES.longest}, which is what AWS takes and two subnets need`,
    },
  ];
}

/** The smallest range that holds both subnets: every machine of the site has its address in it. */
export function planExisting({ master, pools }: ExistingPlan): SubnetPlan {
  return { cidr: hull(master.cidr, pools.cidr), masterCidr: master.cidr, poolCidr: pools.cidr };
}

export interface ExistingWish {
  readonly vpcId: string;
  readonly masterSubnet: AwsSubnet;
  readonly poolSubnet?: AwsSubnet;
}

/** The subnets with their address ranges, from the stack or from the lock file; or what is wrong. */
export function existingPlan(
  { vpcId, masterSubnet, poolSubnet = masterSubnet }: ExistingWish,
  { region, zone, lock }: { readonly region: string; readonly zone: string; readonly lock: LockFile },
): { readonly plan?: ExistingPlan; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  if (!/^vpc-[0-9a-f]{8,17}$/.test(vpcId))
    problems.push({ at: "network.vpcId", got: vpcId, want: "the id of a VPC: vpc-…" });
  const read = ({ id, cidr }: AwsSubnet, at: string): Required<AwsSubnet> | undefined => {
    if (!/^subnet-[0-9a-f]{8,17}$/.test(id)) {
      problems.push({ at: `${at}.id`, got: id, want: "the id of a subnet: subnet-…" });
      return undefined;
    }
    const fact = lockedFact(lock, "aws", region, id);
    const text = cidr ?? fact?.["cidr"];
    if (text === undefined) {
      const want = "given, or looked up once and written to the lock file";
      problems.push({
        at: `${at}.cidr`,
        got: undefined,
        want,
        hint: `lockAws({ region: "${region}", subnets: ["${id}"] }) does that`,
      });
      return undefined;
    }
    problems.push(...cidrProblems(`${at}.cidr`, text));
    const lockedZone = fact?.["zone"];
    if (lockedZone !== undefined && lockedZone !== zone) {
      problems.push({ at: "zone", got: zone, want: `the zone of the subnet ${id}, which is ${lockedZone}` });
    }
    return { id, cidr: text };
  };
  const master = read(masterSubnet, "network.masterSubnet");
  const pools = poolSubnet === masterSubnet ? master : read(poolSubnet, "network.poolSubnet");
  if (master !== undefined && pools !== undefined && master.id !== pools.id && overlap(master.cidr, pools.cidr)) {
    problems.push({
      at: "network.poolSubnet.cidr",
      got: pools.cidr,
      want: `apart from the master's subnet ${master.cidr}`,
    });
  }
  if (problems.length > 0 || master === undefined || pools === undefined) return { problems };
  return { plan: { vpcId, master, pools, zone }, problems };
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
