import type { Manifest } from "../../model/manifest";
import { didYouMean } from "../../model/problems";
import { expandHosts } from "../../slurm/hostlist";
import { Failure } from "../feedback/failure";

/** Hosts as people name them. */
export interface HostChoice {
  /** Names or hostlists: `cpu-1`, `cpu-[1-4]`. */
  readonly hosts: readonly string[];
  readonly pools: readonly string[];
}

/** As it would be typed behind a verb and its stack. */
export function typed({ hosts, pools }: HostChoice): readonly string[] {
  return [...hosts, ...pools.map((pool) => `--pool ${pool}`)];
}

/**
 * The hosts that are meant, the master among them if it is named; all nodes if nothing is.
 *
 * @throws Failure naming everything that the cluster has not got
 */
export function chosenHosts(manifest: Manifest, { hosts, pools }: HostChoice): readonly string[] {
  const byPool = new Map(manifest.pools.map((pool) => [pool.name, expandHosts(pool.hosts)]));
  const nodes = [...byPool.values()].flat();
  if (hosts.length + pools.length === 0) return nodes;
  const known = [manifest.master.host, ...nodes];
  const named = hosts.flatMap(hostsIn);
  const there = new Set(known);
  const problems = [
    ...named.filter((host) => !there.has(host)).map((host) => unknown("host", host, known)),
    ...pools.filter((pool) => !byPool.has(pool)).map((pool) => unknown("pool", pool, [...byPool.keys()])),
  ];
  if (problems.length > 0) {
    throw new Failure("usage", `the cluster ${manifest.cluster} has not got all of that`, {
      code: "hosts.unknown",
      remedy: `it has ${[manifest.master.host, ...manifest.pools.map((pool) => `${pool.hosts} (pool ${pool.name})`)].join(", ")}`,
      output: problems,
    });
  }
  const wanted = new Set([...named, ...pools.flatMap((pool) => byPool.get(pool) ?? [])]);
  return known.filter((host) => wanted.has(host));
}

function hostsIn(hostlist: string): readonly string[] {
  try {
    return expandHosts(hostlist);
  } catch {
    return [hostlist];
  }
}

function unknown(what: string, name: string, candidates: readonly string[]): string {
  const nearest = didYouMean(name, candidates);
  return `there is no ${what} ${JSON.stringify(name)}${nearest === undefined ? "" : `: ${nearest}`}`;
}
