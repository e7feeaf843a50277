import { createHash } from "node:crypto";
import type { Problem } from "../../model/problems";

export const DEFAULT_SITE = "azure";

/** The first part of all names of a site. The site is part of it only where a cluster has more than one. */
export function prefixOf(cluster: string, site: string): string {
  return site === DEFAULT_SITE ? `ohpc-${cluster}` : `ohpc-${cluster}-${site}`;
}

/**
 * The name of a storage account: 3 to 24 lower case letters and digits, of which there is one in the whole world, so that
 * it ends with a hash of what makes the cluster's home unlike others.
 */
export function storageAccountName(cluster: string, ...unlikeOthers: readonly string[]): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([cluster, ...unlikeOthers]))
    .digest("hex")
    .slice(0, 10);
  return `ohpc${cluster.replaceAll(/[^a-z0-9]/g, "").slice(0, 10)}${hash}`;
}

/** Azure's rules for names: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, November 2026. */
const LONGEST = { network: 64, machine: 64, placement: 80, group: 90 } as const;

/** What names of a site begin with goes into all of them: the network's is the one with the least room. */
export function siteNameProblems(cluster: string, site: string): readonly Problem[] {
  const network = networkName(prefixOf(cluster, site));
  const tooMuch = network.length - LONGEST.network;
  if (tooMuch <= 0) return [];
  const want = `at most ${site.length - tooMuch} characters: Azure allows ${LONGEST.network} for the name of a virtual network, which is ${JSON.stringify(network)}`;
  return [{ at: "id", got: site, want, hint: "shorten it, or the cluster's name" }];
}

export function networkName(prefix: string): string {
  return `${prefix}-network`;
}

export function diskName(prefix: string, purpose: string): string {
  return `${prefix}-${purpose}`;
}

/** Of what holds the machines of a group together: they may have host names that are shorter than its own. */
export function groupNameProblems(prefix: string, group: string): readonly Problem[] {
  const tooMuch = groupName(prefix, group).length - LONGEST.placement;
  if (tooMuch <= 0) return [];
  const want = `at most ${group.length - tooMuch} characters: Azure allows ${LONGEST.placement} for the name of a proximity placement group or an availability set, which is ${JSON.stringify(groupName(prefix, group))}`;
  return [{ at: "name", got: group, want, hint: "shorten it, or the cluster's name" }];
}

export function groupName(prefix: string, group: string): string {
  return `${prefix}-${group}`;
}

/** The longest prefix and host give the longest names: of the virtual machine, and of its disk. */
export function hostNamesProblems(prefix: string, hosts: readonly string[]): readonly Problem[] {
  const longest = hosts.reduce((some, host) => (host.length > some.length ? host : some), "");
  const machine = `${prefix}-${longest}`;
  // Its disk has a longer name, and more room for it.
  if (machine.length <= LONGEST.machine) return [];
  const room = LONGEST.machine - prefix.length - 1;
  const want = `a host name of at most ${room} characters: Azure allows ${LONGEST.machine} for the name of a virtual machine, which is ${JSON.stringify(machine)}`;
  return [
    { at: "hostnames", got: longest, want, hint: "shorten the cluster's name, the pool's name or its hostnames" },
  ];
}

export function resourceGroupProblems(name: string, at: string): readonly Problem[] {
  if (/^[\w().-]*[\w()-]$/u.test(name) && name.length <= LONGEST.group) return [];
  const want = `the name of a resource group: letters, digits, underscores, hyphens, parentheses and inner dots, at most ${LONGEST.group}`;
  return [{ at, got: name, want }];
}

export function storageAccountProblems(name: string, at: string): readonly Problem[] {
  if (/^[a-z0-9]{3,24}$/.test(name)) return [];
  const mended = name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .slice(0, 24);
  const hint = /^[a-z0-9]{3,24}$/.test(mended) ? { hint: `did you mean ${JSON.stringify(mended)}?` } : {};
  return [{ at, got: name, want: "the name of a storage account: 3 to 24 lower case letters and digits", ...hint }];
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function subscriptionProblems(id: string, at: string): readonly Problem[] {
  if (GUID.test(id)) return [];
  const want = "the id of a subscription, such as 00000000-0000-0000-0000-000000000000, not its name";
  return [{ at, got: id, want, hint: "az account show --query id prints it" }];
}

/** The subscription that Terraform and the SDK are told of by the environment. */
export function environmentSubscription(): string | undefined {
  return process.env["ARM_SUBSCRIPTION_ID"] ?? process.env["AZURE_SUBSCRIPTION_ID"];
}

/** The parts of a resource's id. */
export interface ResourceId {
  readonly subscription: string;
  readonly group: string;
  /** `Microsoft.Compute/disks`, or `Microsoft.Network/virtualNetworks/subnets` for what lies in something else. */
  readonly type: string;
  /** From the outside in: `["vnet", "subnet"]`. */
  readonly names: readonly string[];
}

/** `/subscriptions/…/resourceGroups/…/providers/Microsoft.X/kind/name…` in parts; `undefined` for anything else. */
export function parseResourceId(id: string): ResourceId | undefined {
  const match = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+)\/(.+)$/i.exec(id);
  const [, subscription = "", group = "", provider = "", rest = ""] = match ?? [];
  const words = rest.split("/");
  if (match === null || words.length % 2 !== 0 || words.includes("") || !GUID.test(subscription)) return undefined;
  const kinds = words.filter((_, k) => k % 2 === 0);
  return { subscription, group, type: [provider, ...kinds].join("/"), names: words.filter((_, k) => k % 2 === 1) };
}

/** Whether an id names a resource of that type; Azure compares without case. */
export function isResourceId(id: string, type: string): boolean {
  return parseResourceId(id)?.type.toLowerCase() === type.toLowerCase();
}

export function resourceIdProblems(id: string, type: string, at: string): readonly Problem[] {
  if (isResourceId(id, type)) return [];
  const [provider = "", ...kinds] = type.split("/");
  const path = kinds.map((kind) => `${kind}/NAME`).join("/");
  return [
    { at, got: id, want: `an id /subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/${provider}/${path}` },
  ];
}
