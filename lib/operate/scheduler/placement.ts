import type { ClusterSpec, PartitionSpec } from "../../model/cluster-spec";
import type { Manifest, ManifestPool } from "../../model/manifest";
import { didYouMean } from "../../model/problems";
import { expandHosts } from "../../slurm/hostlist";
import { cpusOf, realMemory } from "../../slurm/memory";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";

/** Part of a partition that a job of equal tasks per node can have. */
export interface Placement {
  readonly partition: string;
  readonly nodes: number;
  /** Cores that every node has. */
  readonly coresPerNode: number;
  /** More hardware threads than cores. */
  readonly threaded: boolean;
  /** What Slurm promises of every node's memory. */
  readonly memoryPerNodeMebibytes: number;
  /** Machines that share one host's cores: ranks have to yield while they wait. */
  readonly sharesCores: boolean;
}

/** Partitions that together have all nodes, as few as possible, each with the pools that no earlier one had. */
export function coveringPartitions(
  spec: ClusterSpec,
): readonly { readonly partition: PartitionSpec; readonly pools: readonly string[] }[] {
  const uncovered = new Set(spec.pools.map(({ name }) => name));
  const chosen: { partition: PartitionSpec; pools: string[] }[] = [];
  const gain = (partition: PartitionSpec) => partition.pools.filter((pool) => uncovered.has(pool));
  for (;;) {
    const best = spec.partitions.reduce<PartitionSpec | undefined>(
      (so, partition) => (gain(partition).length > (so === undefined ? 0 : gain(so).length) ? partition : so),
      undefined,
    );
    if (best === undefined) return chosen;
    const pools = gain(best);
    chosen.push({ partition: best, pools });
    for (const pool of pools) uncovered.delete(pool);
  }
}

/**
 * Where a job over `nodes` nodes of a partition goes.
 *
 * @throws Failure if there is no such partition, or it has fewer nodes
 */
export function placementIn(
  spec: ClusterSpec,
  manifest: Manifest,
  name: string | undefined,
  nodes: number | undefined,
): Placement {
  const partition = partitionNamed(spec, name);
  const pools = manifest.pools.filter((pool) => partition.pools.includes(pool.name));
  const available = pools.flatMap(({ hosts }) => expandHosts(hosts)).length;
  if (nodes !== undefined && nodes > available) {
    throw new Failure("usage", `partition ${partition.name} has ${count(available, "node")}, not ${nodes}`, {
      code: "smoke.too-many-nodes",
    });
  }
  return placement(manifest, partition.name, pools, nodes ?? available);
}

/** One placement for each of the partitions that together have all nodes. */
export function placementsEverywhere(spec: ClusterSpec, manifest: Manifest): readonly Placement[] {
  return coveringPartitions(spec).map(({ partition }) => {
    const pools = manifest.pools.filter((pool) => partition.pools.includes(pool.name));
    return placement(manifest, partition.name, pools, pools.flatMap(({ hosts }) => expandHosts(hosts)).length);
  });
}

function placement(manifest: Manifest, partition: string, pools: readonly ManifestPool[], nodes: number): Placement {
  const shapes = pools.map(({ shape }) => shape);
  const sites = manifest.sites.filter(({ name }) => pools.some(({ site }) => site === name));
  return {
    partition,
    nodes,
    coresPerNode: Math.min(...shapes.map((shape) => cpusOf(shape) / shape.threadsPerCore)),
    threaded: shapes.some(({ threadsPerCore }) => threadsPerCore > 1),
    memoryPerNodeMebibytes: Math.min(...shapes.map(realMemory)),
    sharesCores: sites.some(({ facts }) => facts.configOverrides),
  };
}

function partitionNamed(spec: ClusterSpec, name: string | undefined): PartitionSpec {
  const found = spec.partitions.find((partition) => (name === undefined ? partition.default : partition.name === name));
  if (found !== undefined) return found;
  const names = spec.partitions.map((partition) => partition.name);
  throw new Failure(
    "usage",
    name === undefined ? "the cluster has no default partition" : `there is no partition ${JSON.stringify(name)}`,
    {
      code: "smoke.no-partition",
      remedy: [
        name === undefined ? undefined : didYouMean(name, names),
        `choose one with --partition: ${names.join(", ")}`,
      ]
        .filter(Boolean)
        .join(" "),
    },
  );
}
