import { createHash } from "node:crypto";
import { DEFAULT_SITE } from "./names";

/**
 * One of the 64 subnets of 256 × 256 addresses in 10.64.0.0/10, chosen by the cluster's name: two clusters rarely meet,
 * and where they do, making the second says so and names one that is free.
 */
export function defaultSubnet(cluster: string, site: string): string {
  return `10.${64 + (hash(site === DEFAULT_SITE ? cluster : `${cluster}/${site}`) % 64)}.0.0/16`;
}

/** A port from 20000 to 29999, below those that Linux gives to outgoing connections. */
export function defaultSshPort(cluster: string, site: string): number {
  return 20_000 + (hash(site === DEFAULT_SITE ? cluster : `${cluster}/${site}`) % 10_000);
}

function hash(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0);
}
