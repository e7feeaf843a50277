/* eslint-disable @typescript-eslint/no-require-imports -- each cloud loads its own SDK only, and only where there is such a
   cluster; a dynamic import() would leave CommonJS */
import type * as Aws from "../clouds/aws/power";
import type * as Azure from "../clouds/azure/power";
import type { Manifest } from "../model/manifest";
import type { HostKeySource } from "./host-keys";

/** Who has the consoles of a cluster's machines; `undefined` where nobody can be asked. */
export function hostKeySource({ cluster, sites, master }: Manifest): HostKeySource | undefined {
  const { cloud, place = {} } = sites.find(({ name }) => name === master.site) ?? {};
  try {
    if (cloud === "aws") {
      const { AwsPower } = require("../clouds/aws/power") as typeof Aws;
      return new AwsPower({ cluster, region: place["region"] ?? "" });
    }
    if (cloud === "azure") {
      const { AzurePower } = require("../clouds/azure/power") as typeof Azure;
      const { resourceGroup = "", subscription } = place;
      return new AzurePower({ cluster, resourceGroup, ...(subscription !== undefined && { subscription }) });
    }
  } catch (error) {
    // The SDKs are optional peers, and want to be told this and that. Who asks for keys is told what is missing.
    const [reason] = (error as Error).message.split("\n");
    return { hostKeys: async () => Promise.reject(new Error(reason, { cause: error })) };
  }
  return undefined;
}
