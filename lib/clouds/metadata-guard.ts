import { METADATA_GUARD_UNITS, metadataGuardFiles } from "../software/programs";
import type { FirstBoot } from "./user-data";

/**
 * Keeps users from the machine's cloud identity from the first boot on, where the image has nftables: users work on the
 * master, and whoever asks there gets the master's credentials. Where it has not, the roles bring it, and nobody gets an
 * account before it is in force.
 */
export function metadataGuard(): Required<FirstBoot> {
  return {
    files: metadataGuardFiles(),
    commands: METADATA_GUARD_UNITS.map((unit) => ["systemctl", "enable", "--now", unit]),
  };
}
