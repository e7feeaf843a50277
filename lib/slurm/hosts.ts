import { decodeAddresses } from "../model/address-runs";
import type { Manifest, ManifestPool } from "../model/manifest";
import { DocumentError } from "../model/versioned";
import { expandHosts } from "./hostlist";

/** A machine by its name and its address. */
export interface HostAddress {
  readonly name: string;
  readonly address: string;
}

/**
 * The hosts of a pool in their order, each with its address.
 *
 * @throws DocumentError if the manifest has not as many addresses as hosts
 */
export function hostsOfPool(pool: Pick<ManifestPool, "name" | "hosts" | "addresses">): readonly HostAddress[] {
  const names = expandHosts(pool.hosts);
  const addresses = decodeAddresses(pool.addresses);
  if (names.length !== addresses.length) {
    throw new DocumentError(
      `the manifest has ${names.length} hosts and ${addresses.length} addresses for pool "${pool.name}"`,
    );
  }
  return names.map((name, k) => ({ name, address: addresses[k] ?? "" }));
}

/** The master, then the hosts of all pools. */
export function hostsOf({ master, pools }: Manifest): readonly HostAddress[] {
  return [{ name: master.host, address: master.address }, ...pools.flatMap(hostsOfPool)];
}
