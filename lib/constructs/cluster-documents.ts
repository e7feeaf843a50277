import type { Disk, Host, Site } from "../clouds/cloud";
import { encodeAddresses } from "../model/address-runs";
import type { ClusterSpec } from "../model/cluster-spec";
import { renderClusterSpec, clusterSpecHash } from "../model/cluster-spec-text";
import type { MachineShape } from "../model/machine";
import type { Manifest, ManifestMaster, ManifestPool, ManifestShape } from "../model/manifest";
import { MANIFEST_SCHEMA, CLUSTER_SPEC_SCHEMA } from "../model/schema-numbers";
import { foldHosts } from "../slurm/hostlist";
import type { SlurmOptions } from "./master-props";
import { partitionsOf } from "./partitions";
import type { PoolPlan } from "./pool-plan";

/** A whole cluster as it was declared, once nothing more is to come. */
export interface DeclaredCluster {
  readonly name: string;
  readonly owner: string;
  readonly master: Host;
  readonly site: Site;
  readonly shape: MachineShape;
  readonly access: ManifestMaster["access"];
  readonly disks: { readonly state: Disk; readonly bundle: Disk; readonly home?: Disk };
  readonly pools: readonly PoolPlan[];
  readonly users: ClusterSpec["users"];
  readonly slurm: SlurmOptions;
}

/** The text of `cluster.json`. Equal clusters give equal bytes. */
export function clusterSpecText(cluster: DeclaredCluster): string {
  return renderClusterSpec(specOf(cluster));
}

function specOf({ name, pools, users, slurm }: DeclaredCluster): ClusterSpec {
  return {
    schema: CLUSTER_SPEC_SCHEMA,
    cluster: name,
    partitions: partitionsOf(pools.map((pool) => pool.partition)),
    pools: pools.map((pool) => ({ name: pool.name, features: [...pool.features], weight: pool.weight })),
    slurm: {
      settings: { ...slurm.settings },
      maxSubmitJobs: slurm.maxSubmitJobs,
      privateData: slurm.privateData && [...slurm.privateData],
    },
    users,
  };
}

/** What exists, with Terraform's expressions for what is known only after apply. */
export function manifestOf(cluster: DeclaredCluster): Manifest {
  const { name, owner, master, site, shape, access, disks, pools } = cluster;
  return {
    schema: MANIFEST_SCHEMA,
    cluster: name,
    owner,
    wish: clusterSpecHash(clusterSpecText(cluster)),
    sites: [
      {
        name: site.name,
        cloud: site.cloud.kind,
        cidr: site.cidr,
        place: site.place,
        introducedOver: site.introducedOver,
        facts: site.cloud.facts,
      },
    ],
    master: { host: master.name, address: master.address, site: site.name, shape: manifestShape(shape), access },
    disks: { state: disks.state.manifest, bundle: disks.bundle.manifest, home: disks.home?.manifest },
    pools: pools.map(manifestPool),
  };
}

function manifestPool({ name, site, hosts, shape, gres }: PoolPlan): ManifestPool {
  return {
    name,
    site: site.name,
    hosts: foldHosts(hosts.map((host) => host.name)),
    addresses: encodeAddresses(hosts.map((host) => host.address)),
    shape: manifestShape(shape),
    gres,
  };
}

function manifestShape({ sockets, coresPerSocket, threadsPerCore, memory, architecture }: MachineShape): ManifestShape {
  return { sockets, coresPerSocket, threadsPerCore, memoryMebibytes: memory.toMebibytes(), architecture };
}
