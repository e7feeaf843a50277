import { METADATA_GUARD_UNITS, metadataGuardFiles } from "../software/programs";
import type { Boot } from "./cloud";
import type { FirstBoot } from "./user-data";

/**
 * Keeps users from the master's cloud identity from the first boot on, where the image has nftables: users work there, and
 * whoever asks gets the master's credentials. Where it has not, the roles bring it, and nobody gets an account before it is
 * in force. Nodes, which have no identity, get it from the roles alone: their user-data are full enough.
 */
export function metadataGuard(role: Boot["role"]): Required<FirstBoot> {
  if (role === "compute") return { files: [], commands: [] };
  return {
    files: metadataGuardFiles(),
    commands: METADATA_GUARD_UNITS.map((unit) => ["systemctl", "enable", "--now", unit]),
  };
}
