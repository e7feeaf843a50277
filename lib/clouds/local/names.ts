import type { DiskPurpose } from "../cloud";

/** What things of a cluster are called in the engine. The site is part of it only where a cluster has more than one. */
export function networkName(cluster: string, site: string): string {
  return site === DEFAULT_SITE ? `ohpc-${cluster}` : `ohpc-${cluster}-${site}`;
}

export function volumeName(cluster: string, purpose: DiskPurpose): string {
  return `ohpc-${cluster}-${purpose}`;
}

export function containerName(cluster: string, host: string): string {
  return `ohpc-${cluster}-${host}`;
}

export const DEFAULT_SITE = "local";
