import type { PoolSpec } from "../model/cluster-spec";
import type { ManifestPool } from "../model/manifest";
import { confLine } from "./conf-line";
import { foldHosts } from "./hostlist";
import { type HostAddress, hostsOfPool } from "./hosts";
import { realMemory } from "./memory";

/**
 * The `NodeName` lines of a pool. There is one for each run of hosts whose addresses differ only behind the last dot,
 * because Slurm pairs names and addresses of one line one by one, and people read such lines easily.
 */
export function nodeLines(pool: ManifestPool, spec: PoolSpec | undefined): readonly string[] {
  const { coresPerSocket, sockets, threadsPerCore } = pool.shape;
  return sameNetwork(hostsOfPool(pool)).map((hosts) =>
    confLine({
      NodeName: foldHosts(hosts.map(({ name }) => name)),
      NodeAddr: foldHosts(hosts.map(({ address }) => address)),
      Sockets: sockets,
      CoresPerSocket: coresPerSocket,
      ThreadsPerCore: threadsPerCore,
      RealMemory: realMemory(pool.shape),
      Gres: pool.gres.map(({ count, name, type }) =>
        [name, type, count].filter((part) => part !== undefined).join(":"),
      ),
      Feature: spec?.features,
      Weight: spec?.weight,
    }),
  );
}

function sameNetwork(hosts: readonly HostAddress[]): readonly (readonly HostAddress[])[] {
  const groups: { network: string; hosts: HostAddress[] }[] = [];
  for (const host of hosts) {
    const network = host.address.slice(0, host.address.lastIndexOf("."));
    const previous = groups.at(-1);
    if (previous?.network === network) previous.hosts.push(host);
    else groups.push({ network, hosts: [host] });
  }
  return groups.map((group) => group.hosts);
}
