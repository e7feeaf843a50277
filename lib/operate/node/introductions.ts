import { asNodesSeeIt, type Boot, bootEnvironment } from "../../model/boot";
import type { Manifest } from "../../model/manifest";
import { hostsOfPool } from "../../slurm/hosts";
import { introduction } from "../../software/introduction";
import { introductionScript } from "../../software/introduction-script";

/** What one machine is to be told over SSH. */
export interface HostIntroduction {
  readonly host: string;
  /** Where the master reaches it. */
  readonly address: string;
  readonly role: Boot["role"];
  /** Equal for all machines of a role. */
  readonly script: string;
  readonly args: readonly string[];
}

/** The introductions of all machines that were there before their cluster: the master's, then those of nodes. Pure, but for reading our own programs. */
export function introductionsIn({ cluster, disks, master, pools, sites }: Manifest): readonly HostIntroduction[] {
  const strangers = new Set(sites.flatMap(({ name, introducedOver }) => (introducedOver === "ssh" ? [name] : [])));
  const head = { name: master.host, address: master.address };
  const toAll = (role: Boot["role"], bundle: Boot["bundle"], hosts: readonly (typeof head)[]): HostIntroduction[] => {
    const script = introductionScript(introduction(role, bootEnvironment({ cluster, role, master: head, bundle })));
    return hosts.map(({ name, address }) => ({ host: name, address, role, script, args: [name, cluster, role] }));
  };
  const nodes = pools.filter(({ site }) => strangers.has(site)).flatMap(hostsOfPool);
  return [
    ...toAll("master", disks.bundle, strangers.has(master.site) ? [head] : []),
    ...toAll("compute", asNodesSeeIt(disks.bundle, head), nodes),
  ];
}
