import type { ManifestDisk } from "../model/manifest";
import type { Boot } from "./cloud";

/** Where the node unit of a machine with user-data reads what it must know at boot. */
export const BOOT_ENV_PATH = "/etc/ohpc/boot.env";

/** What a machine must know to find its cluster: the same keys on every cloud, and no secret. */
export function bootEnvironment({ cluster, role, master, bundle }: Boot): Readonly<Record<string, string>> {
  return {
    OHPC_CLUSTER: cluster,
    OHPC_ROLE: role,
    OHPC_MASTER_HOST: master.name,
    OHPC_MASTER_ADDRESS: master.address,
    OHPC_BUNDLE: bundleSource(bundle),
  };
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
