import type { ClusterSpec } from "../model/cluster-spec";
import type { Manifest } from "../model/manifest";
import { byName } from "./cluster-facts";
import { confFile, confLine } from "./conf-line";

/**
 * gres.conf: which device files are the resources that slurm.conf promises.
 * They are named, not detected, so that a machine with a missing device is not used rather than used with fewer.
 */
export function renderGresConf(_spec: ClusterSpec, { cluster, pools }: Manifest): string {
  const lines = byName(pools).flatMap(({ gres, hosts }) =>
    gres.map(({ files, name, type }) => confLine({ NodeName: hosts, Name: name, Type: type, File: files })),
  );
  return confFile(cluster, [["AutoDetect=off"], lines]);
}
