import type { Manifest } from "../model/manifest";
import { Failure } from "./failure";
import type { HostKeySource } from "./host-keys";
import { powerAt } from "./vendors";

/** Who has the consoles of a cluster's machines; `undefined` where nobody can be asked, or a vendor's SDK is missing. */
export function hostKeySource({ cluster, sites, master }: Manifest, env: NodeJS.ProcessEnv): HostKeySource | undefined {
  const site = sites.find(({ name }) => name === master.site);
  if (site === undefined) return undefined;
  try {
    return powerAt(site, cluster, env);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
