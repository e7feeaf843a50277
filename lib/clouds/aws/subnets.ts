import { cidrProblems, formatCidr, parseCidr } from "../../model/cidr";
import type { Problem } from "../../model/problems";
import type { PinFile } from "../pins";
import { type ExistingSubnet, existingSubnets, type ExistingSubnets, rangeProblems, type SubnetPlan } from "../subnets";
import { bag, needed, type PropertyNames, TEXT } from "../../model/properties";

/** A subnet that is there already. */
export interface AwsSubnet extends ExistingSubnet {
  /** `subnet-…` */
  readonly id: string;
}

/** Subnets of a VPC that is there already, with what is known of them. */
export interface ExistingPlan extends ExistingSubnets {
  readonly vpcId: string;
  readonly zone: string;
}

/** What AWS accepts as a VPC; below /24 there would be no room for two subnets with machines in them. */
const NETWORK = { shortest: 16, longest: 24, why: "which is what AWS takes and two subnets need" } as const;

/** How a VPC of our own is divided: a small public subnet at its beginning, its upper half for pools. */
export function divideNetwork(text: string): SubnetPlan {
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
export function networkCidrProblems(text: string, at: string): readonly Problem[] {
  return rangeProblems(text, at, NETWORK);
}

export interface ExistingSubnetOptions {
  readonly vpcId: string;
  readonly masterSubnet: AwsSubnet;
  readonly poolSubnet?: AwsSubnet;
}

/** The subnets with their address ranges, from the stack or from the pin file; or what is wrong. */
export function existingPlan(
  { vpcId, ...options }: ExistingSubnetOptions,
  { region, zone, pins }: { readonly region: string; readonly zone: string; readonly pins: PinFile },
): { readonly plan?: ExistingPlan; readonly problems: readonly Problem[] } {
  const { subnets, problems } = existingSubnets(options, {
    kind: "aws",
    region,
    pins,
    idProblems,
    lookUp: (id) => `pinAws({ region: "${region}", subnets: ["${id}"] })`,
    subnetProblems: ({ id, cidr }, fact, at) => [
      ...cidrProblems(`${at}.cidr`, cidr),
      ...zoneProblems(id, fact?.["zone"], zone),
      ...otherVpcProblems(id, fact?.["vpc"], { vpcId, at }),
    ],
  });
  const wrong = [...vpcProblems(vpcId), ...problems];
  return subnets === undefined || wrong.length > 0
    ? { problems: wrong }
    : { plan: { vpcId, zone, ...subnets }, problems: wrong };
}

function vpcProblems(id: string): readonly Problem[] {
  if (/^vpc-[0-9a-f]{8,17}$/.test(id)) return [];
  return [{ at: "network.vpcId", got: id, want: "the id of a VPC: vpc-…" }];
}

function idProblems(id: string, at: string): readonly Problem[] {
  if (/^subnet-[0-9a-f]{8,17}$/.test(id)) return [];
  return [{ at, got: id, want: "the id of a subnet: subnet-…" }];
}

function otherVpcProblems(
  subnet: string,
  itsVpc: string | undefined,
  { vpcId, at }: { readonly vpcId: string; readonly at: string },
): readonly Problem[] {
  if (itsVpc === undefined || itsVpc === vpcId || vpcProblems(vpcId).length > 0) return [];
  return [{ at: `${at}.id`, got: subnet, want: `a subnet of the VPC ${vpcId}; this one is in ${itsVpc}` }];
}

function zoneProblems(subnet: string, itsZone: string | undefined, zone: string): readonly Problem[] {
  if (itsZone === undefined || itsZone === zone) return [];
  return [{ at: "zone", got: zone, want: `the zone of the subnet ${subnet}, which is ${itsZone}` }];
}

const SUBNET_NAMES = { id: needed(TEXT), cidr: TEXT } satisfies PropertyNames<AwsSubnet>;

export const EXISTING_SUBNET_NAMES = {
  vpcId: needed(TEXT),
  masterSubnet: needed(bag(SUBNET_NAMES)),
  poolSubnet: bag(SUBNET_NAMES),
} satisfies PropertyNames<ExistingSubnetOptions>;
