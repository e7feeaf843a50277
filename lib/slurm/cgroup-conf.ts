import type { ClusterSpec } from "../model/cluster-spec";
import type { Manifest } from "../model/manifest";
import { clusterFacts } from "./cluster-facts";
import { confFile, confLines } from "./conf-line";

/** cgroup.conf: what jobs are confined to, where the kernel lets Slurm confine them. */
export function renderCgroupConf(_spec: ClusterSpec, manifest: Manifest): string {
  const confined = {
    CgroupPlugin: "autodetect",
    ConstrainCores: "yes",
    ConstrainRAMSpace: "yes",
    ConstrainSwapSpace: "yes",
    AllowedSwapSpace: 0,
    ConstrainDevices: "yes",
  };
  return confFile(manifest.cluster, [
    confLines(clusterFacts(manifest).cgroups ? confined : { CgroupPlugin: "disabled" }),
  ]);
}
