import { cidrProblems } from "../../model/cidr";
import { siteIdProblems } from "../../model/names";
import { didYouMean, type Problem } from "../../model/problems";
import { keyKindProblems, noSourceProblems, type SshSource, sshKeyProblems, sshSourceProblems } from "../access";
import type { PinFile } from "../pins";
import { firstBootProblems } from "../user-data";
import { diskProblems } from "./disk-options";
import { DEFAULT_IMAGE, imageProblems } from "./image-choice";
import { regions } from "./instance-types";
import { resourceGroupProblems, resourceIdProblems, subscriptionProblems } from "./names";
import type { AzureCloudProps, AzureNetworkReference } from "./props";
import { existingPlan, networkCidrProblems } from "./subnets";
import { tagProblems } from "./tags";

/** What is wrong with the properties of `AzureCloud`. */
export function propsProblems(props: AzureCloudProps, pins: () => PinFile): readonly Problem[] {
  const {
    location,
    access,
    subscriptionId,
    resourceGroup,
    zone,
    cidr,
    network,
    image = DEFAULT_IMAGE,
    architecture = "x86_64",
  } = props;
  const { disks = {}, identity, firstBoot, tags = {}, id, acceptTerms = [] } = props;
  return [
    ...locationProblems(location),
    ...(zone === undefined || ["1", "2", "3"].includes(zone)
      ? []
      : [{ at: "zone", got: zone, want: '"1", "2" or "3"' }]),
    ...(subscriptionId === undefined ? [] : subscriptionProblems(subscriptionId, "subscriptionId")),
    ...(resourceGroup === undefined ? [] : resourceGroupProblems(resourceGroup, "resourceGroup")),
    ...sshKeyProblems(access.sshPublicKey, "access.sshPublicKey"),
    ...keyKindProblems(access.sshPublicKey, "access.sshPublicKey", "Azure"),
    ...(access.from === "bastion" ? bastionProblems(network) : sourceProblems(access.from, "access.from")),
    ...(access.from === "bastion" || network?.securityGroups !== undefined
      ? []
      : noSourceProblems(access.from, "access.from", "bastion")),
    ...(cidr === undefined ? [] : networkCidrProblems(cidr, "cidr")),
    ...(network === undefined ? [] : networkProblems(network, cidr, { location, pins: pins() })),
    ...imageProblems(image, { architecture, location, pins: pins(), acceptTerms }).filter(
      ({ want }) => !want.startsWith("an image for"),
    ),
    ...publicAddressProblems(props),
    ...acceptTerms.flatMap(termsProblems),
    ...diskProblems(disks.state ?? {}, "disks.state", zone),
    ...diskProblems(disks.home ?? {}, "disks.home", zone),
    ...(identity === undefined
      ? []
      : resourceIdProblems(identity, "Microsoft.ManagedIdentity/userAssignedIdentities", "identity")),
    ...(firstBoot === undefined ? [] : firstBootProblems(firstBoot)),
    ...tagProblems(tags, "tags"),
    ...(id === undefined ? [] : siteIdProblems(id, "id")),
  ];
}

/** What is private in a network that nothing else is in, nobody reaches. */
function publicAddressProblems({ access, network, publicAddress }: AzureCloudProps): readonly Problem[] {
  if (publicAddress !== false || network !== undefined || access.from === "bastion") return [];
  const want = "true, or left out, in a network that is made for the cluster: without one nobody gets in";
  const hint =
    'access: { from: "bastion" } opens nothing to the world; a private master is one in a network that is there, with a way in';
  return [{ at: "publicAddress", got: publicAddress, want, hint }];
}

/** A network security group holds 1000 rules: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits, November 2026. */
const MOST_SOURCES = 900;

function sourceProblems(sources: readonly SshSource[], at: string): readonly Problem[] {
  const problems = sshSourceProblems(sources, at);
  if (sources.length <= MOST_SOURCES) return problems;
  const want = `at most ${MOST_SOURCES} subnets: a network security group holds 1000 rules, the cluster's own included`;
  const hint = 'put neighbours together, or say access: { from: "bastion" }';
  return [...problems, { at, got: sources.length, want, hint }];
}

/** A region that is newer than the table is one, too; what is nearly one that we know is none. */
function locationProblems(location: string): readonly Problem[] {
  const known = regions();
  if (known.includes(location)) return [];
  const mended = location.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const hint = known.includes(mended) ? `did you mean "${mended}"?` : didYouMean(location, known);
  if (hint === undefined && /^[a-z]+[0-9]?$/.test(location)) return [];
  return [
    {
      at: "location",
      got: location,
      want: "a region of Azure such as westeurope",
      hint,
    },
  ];
}

function bastionProblems(network: AzureNetworkReference | undefined): readonly Problem[] {
  if (network === undefined || network.bastion !== undefined) return [];
  const want = "with network.bastion, which says what the Bastion of that network is called";
  return [{ at: "access.from", got: "bastion", want, hint: "we make no Bastion in somebody else's network" }];
}

function termsProblems(terms: string, index: number): readonly Problem[] {
  if (/^[^:\s]+:[^:\s]+:[^:\s]+$/.test(terms)) return [];
  return [{ at: `acceptTerms[${index}]`, got: terms, want: "PUBLISHER:OFFER:SKU, without a version" }];
}

function networkProblems(
  network: AzureNetworkReference,
  cidr: string | undefined,
  around: { readonly location: string; readonly pins: PinFile },
): readonly Problem[] {
  const { securityGroups, bastion } = network;
  const given = securityGroups === undefined || securityGroups === "subnet" ? [] : Object.entries(securityGroups);
  return [
    ...existingPlan(network, around).problems,
    ...given.flatMap(([side, id]) =>
      resourceIdProblems(id, "Microsoft.Network/networkSecurityGroups", `network.securityGroups.${side}`),
    ),
    ...(bastion === undefined ? [] : cidrProblems("network.bastion.cidr", bastion.cidr)),
    ...(cidr === undefined
      ? []
      : [{ at: "cidr", got: cidr, want: "left out: the network is there already, and has its own" }]),
  ];
}
