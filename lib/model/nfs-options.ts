import type { ManifestDisk } from "./manifest";

/** How the master's own exports are spoken to: by what Linux speaks. */
export const OWN_NFS_OPTIONS = mountOptions("4.2", []);

/** What an NFS server outside the cluster is mounted with, the same on every machine. */
export function nfsMountOptions({ version = "4.1", mountOptions: more = [] }: NfsDisk): string {
  return mountOptions(version, more);
}

export type NfsDisk = Extract<ManifestDisk, { readonly kind: "nfs" }>;

function mountOptions(version: string, more: readonly string[]): string {
  return [`nfsvers=${version}`, "proto=tcp", "hard", "noatime", "nosuid", "nodev", ...more].join(",");
}
