import type { Manifest } from "../../model/manifest";
import { Failure } from "../feedback/failure";
import { powerAt } from "../power/vendors";

/** Who can tell a machine's host keys past the network between it and us: its vendor, who has its console. */
export interface HostKeySource {
  /** As lines for known_hosts without the name; none as long as they are not known, and none once they are forgotten. */
  hostKeys(host: string): Promise<readonly string[]>;
}

/** Who has the consoles of a cluster's machines; `undefined` where nobody can be asked, or a vendor's SDK is missing. */
export function hostKeySource(manifest: Manifest, env: NodeJS.ProcessEnv): HostKeySource | undefined {
  const { sites, master } = manifest;
  const site = sites.find(({ name }) => name === master.site);
  if (site === undefined) return undefined;
  try {
    return powerAt(site, manifest, env);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    // SDKs want to be told this and that. Who asks for keys is told what is missing.
    const [reason] = (error as Error).message.split("\n");
    return { hostKeys: async () => Promise.reject(new Error(reason, { cause: error })) };
  }
}
