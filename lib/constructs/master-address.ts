import type { Site } from "../clouds/cloud";
import { MASTER_OFFSET, masterAddressProblems } from "../model/addresses";
import { contains, nthAddress, parseCidr } from "../model/cidr";
import type { Problem } from "../model/problems";

/** What is wrong with the master's address, given or not. */
export function addressProblems(address: string | undefined, site: Site): readonly Problem[] {
  const cidr = subnetOf(site);
  if (address !== undefined) return masterAddressProblems(address, cidr, site.reserved);
  if (site.addressesRequired) {
    const want = "given, because the network was there before the cluster and may hold other machines";
    return [{ at: "address", got: undefined, want }];
  }
  const standard = defaultAddress(site);
  if (standard !== undefined) return masterAddressProblems(standard, cidr, site.reserved);
  return [
    {
      at: "address",
      got: undefined,
      want: `given, because the subnet ${cidr.text} has too few addresses for a default`,
    },
  ];
}

/** Where the master is if nobody says it; `undefined` in a subnet too small for a default. */
export function defaultAddress(site: Site): string | undefined {
  const cidr = subnetOf(site);
  return contains(cidr, cidr.first + MASTER_OFFSET) ? nthAddress(cidr, MASTER_OFFSET) : undefined;
}

function subnetOf({ cloud, cidr, masterCidr = cidr }: Site) {
  const subnet = parseCidr(masterCidr);
  if (subnet === undefined)
    throw new Error(`bug in the cloud "${cloud.id}": ${JSON.stringify(masterCidr)} is not a subnet`);
  return subnet;
}
