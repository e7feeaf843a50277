import type { Manifest } from "../../model/manifest";
import { didYouMean } from "../../model/problems";
import { hostsOfPool } from "../../slurm/hosts";
import { Failure } from "../feedback/failure";

export interface NodeAddress {
  readonly host: string;
  readonly pool: string;
  readonly address: string;
}

/** All compute nodes, pool by pool. */
export function nodesOf({ pools }: Manifest): readonly NodeAddress[] {
  return pools.flatMap((pool) =>
    hostsOfPool(pool).map(({ name, address }) => ({ host: name, pool: pool.name, address })),
  );
}

/**
 * The node of that name.
 *
 * @throws Failure with the nearest name
 */
export function nodeOf(manifest: Manifest, host: string): NodeAddress {
  const nodes = nodesOf(manifest);
  const node = nodes.find((candidate) => candidate.host === host);
  if (node !== undefined) return node;
  const hosts = [manifest.master.host, ...nodes.map((candidate) => candidate.host)];
  throw new Failure("usage", `the cluster ${manifest.cluster} has no host ${JSON.stringify(host)}`, {
    code: "node.unknown",
    remedy:
      didYouMean(host, hosts) ??
      `it has ${[manifest.master.host, ...manifest.pools.map((pool) => pool.hosts)].join(", ")}`,
  });
}
