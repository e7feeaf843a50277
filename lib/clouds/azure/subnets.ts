import { cidrProblems, formatCidr, parseCidr } from "../../model/cidr";
import type { Problem } from "../../model/problems";
import type { PinFile } from "../pins";
import { type ExistingSubnet, existingSubnets, type ExistingSubnets, rangeProblems, type SubnetPlan } from "../subnets";
import { parseResourceId, resourceIdProblems } from "./names";
import { bag, needed, type PropertyNames, TEXT } from "../../model/properties";

/** Address ranges of a network of our own. */
export interface NetworkPlan extends SubnetPlan {
  /** Kept for a Bastion, which wants 64 addresses. */
  readonly bastionCidr: string;
}

/** A subnet that is there already. */
export interface AzureSubnet extends ExistingSubnet {
  /** `/subscriptions/…/virtualNetworks/NAME/subnets/NAME` */
  readonly id: string;
}

/** Subnets of a virtual network that is there already, with what is known of them. */
export type ExistingPlan = ExistingSubnets;

/** What Azure accepts as a network; below /24 there would be no room for a master, a Bastion and pools. */
const NETWORK = { shortest: 8, longest: 24, why: "which is what Azure takes and our subnets need" } as const;
/** The smallest subnet that Azure makes has three addresses to give. */
const LONGEST_SUBNET = 29;
const SUBNET_TYPE = "Microsoft.Network/virtualNetworks/subnets";

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
  return rangeProblems(text, at, NETWORK);
}

export interface ExistingSubnetOptions {
  readonly masterSubnet: AzureSubnet;
  /** @default - the master's */
  readonly poolSubnet?: AzureSubnet;
}

/** The subnets with their address ranges, from the stack or from the pin file; or what is wrong. */
export function existingPlan(
  options: ExistingSubnetOptions,
  { location, pins }: { readonly location: string; readonly pins: PinFile },
): { readonly plan?: ExistingPlan; readonly problems: readonly Problem[] } {
  const { subnets, problems } = existingSubnets(options, {
    kind: "azure",
    region: location,
    pins,
    pairProblems,
    lookUp: (id) => `pinAzure({ location: "${location}", subnets: ["${id}"] })`,
    idProblems: (id, at) => resourceIdProblems(id, SUBNET_TYPE, at),
    subnetProblems: ({ cidr }, _, at) => subnetCidrProblems(cidr, `${at}.cidr`),
  });
  return subnets === undefined ? { problems } : { plan: subnets, problems };
}

function subnetCidrProblems(text: string, at: string): readonly Problem[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return cidrProblems(at, text);
  if (cidr.prefix <= LONGEST_SUBNET) return [];
  return [
    { at, got: text, want: `at least a /${LONGEST_SUBNET}: Azure keeps five addresses of every subnet for itself` },
  ];
}

function pairProblems({ master, pools }: ExistingSubnets): readonly Problem[] {
  if (networkOf(master.id) === networkOf(pools.id)) return [];
  const want = "a subnet of the virtual network that the master's subnet is in";
  return [{ at: "network.poolSubnet.id", got: pools.id, want }];
}

function networkOf(subnet: string): string {
  const id = parseResourceId(subnet);
  return [id?.subscription, id?.group, id?.names[0]].join("/").toLowerCase();
}

const SUBNET_NAMES = { id: needed(TEXT), cidr: TEXT } satisfies PropertyNames<AzureSubnet>;

export const EXISTING_SUBNET_NAMES = {
  masterSubnet: needed(bag(SUBNET_NAMES)),
  poolSubnet: bag(SUBNET_NAMES),
} satisfies PropertyNames<ExistingSubnetOptions>;
