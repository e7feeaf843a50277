import type { ClusterSpec } from "../model/cluster-spec";
import type { Manifest } from "../model/manifest";
import { byName, sitesWithPools } from "./cluster-facts";
import { confFile, confLine } from "./conf-line";

/**
 * topology.conf: one switch per site, and none above them, so that no job is spread over sites that a VPN joins.
 * `undefined` when all pools are in one site: then Slurm needs no such file.
 */
export function renderTopologyConf(_spec: ClusterSpec, manifest: Manifest): string | undefined {
  const sites = sitesWithPools(manifest);
  if (sites.length < 2) return undefined;
  const lines = sites.map((site) =>
    confLine({
      SwitchName: site.name,
      Nodes: byName(manifest.pools.filter((pool) => pool.site === site.name)).map(({ hosts }) => hosts),
    }),
  );
  return confFile(manifest.cluster, [lines]);
}
