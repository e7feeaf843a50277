import type { ManifestDisk } from "./manifest";

/** What a machine must know to find its cluster; no secret. The node unit reads it. */
export interface Boot {
  readonly cluster: string;
  readonly role: "master" | "compute";
  readonly master: { readonly name: string; readonly address: string };
  /** Where the bundle is to be found. */
  readonly bundle: ManifestDisk;
}

/** The same as variables: the same keys wherever machines are. */
export function bootEnvironment({ cluster, role, master, bundle }: Boot): Readonly<Record<string, string>> {
  return {
    OHPC_CLUSTER: cluster,
    OHPC_ROLE: role,
    OHPC_MASTER_HOST: master.name,
    OHPC_MASTER_ADDRESS: master.address,
    OHPC_BUNDLE: bundleSource(bundle),
  };
}

/** What only the master has, nodes mount from it. */
export function asNodesSeeIt(disk: ManifestDisk, { address }: Boot["master"]): ManifestDisk {
  if (disk.kind === "mounted" || disk.kind === "nfs") return disk;
  return { kind: "nfs", server: address, export: disk.path, path: disk.path };
}

/** Where the node unit finds the bundle: `mounted:/srv/ohpc/bundle` or `nfs:10.77.0.10:/srv/ohpc/bundle`. */
function bundleSource(disk: ManifestDisk): string {
  switch (disk.kind) {
    case "nfs":
      return `nfs:${disk.server}:${disk.export}`;
    case "mounted":
    case "directory":
    case "block":
      return `mounted:${disk.path}`;
  }
}
