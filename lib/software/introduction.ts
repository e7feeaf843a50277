import { BOOT_UNITS, nodeBootstrap, type ProgramFile } from "./programs";

/** Where the node unit reads what it must know, on machines that have it from no environment. */
const BOOT_ENV_PATH = "/etc/ohpc/boot.env";

/**
 * What a machine is given so that it finds its cluster. Whichever way that comes to the machine (user-data at its first
 * boot, SSH to one that was there before), it is rendered from this.
 */
export interface Introduction {
  /** How to find the cluster, as variables. */
  readonly facts: ProgramFile;
  /** What reads them, and fetches everything else from the master; none on the master itself. */
  readonly programs: readonly ProgramFile[];
  /** Started at once, and at every boot. */
  readonly units: readonly string[];
}

/** The introduction of machines of one role. Equal for all of them, and without any secret: every user of a machine can read it. */
export function introduction(role: "master" | "compute", environment: Readonly<Record<string, string>>): Introduction {
  const lines = Object.entries(environment).map(([key, value]) => `${key}=${value}\n`);
  const facts = { path: BOOT_ENV_PATH, mode: "0644", content: lines.join("") };
  return role === "compute"
    ? { facts, programs: nodeBootstrap(), units: BOOT_UNITS }
    : { facts, programs: [], units: [] };
}
