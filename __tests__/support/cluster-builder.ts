import { nthAddress, parseCidr } from "../../lib/model/cidr";
import type { ClusterSpec, PartitionSpec, PoolSpec, UserSpec } from "../../lib/model/cluster-spec";
import { CLUSTER_SPEC_SCHEMA, readClusterSpec } from "../../lib/model/cluster-spec";
import { clusterSpecHash, renderClusterSpec } from "../../lib/model/cluster-spec-text";
import type { ClusterView } from "../../lib/model/cluster-view";
import {
  type CloudFacts,
  type Manifest,
  MANIFEST_SCHEMA,
  type ManifestDisk,
  type ManifestPool,
  type ManifestShape,
  readManifest,
} from "../../lib/model/manifest";

type Site = Manifest["sites"][number];

/** A cluster in few words; `viewOf` adds the rest. */
export interface ClusterSketch {
  /** @default "demo" */
  readonly cluster?: string;
  /** The master is in the first; so are pools that name none. @default - one on this machine */
  readonly sites?: readonly Partial<Site>[];
  readonly access?: Partial<Manifest["master"]["access"]>;
  /** By name: pools, or only how many nodes they have. */
  readonly pools?: Readonly<Record<string, number | PoolSketch>>;
  /** By name; the first one is the default. @default - one for each pool, called as the pool */
  readonly partitions?: Readonly<Record<string, Partial<PartitionSpec>>>;
  readonly users?: readonly Partial<UserSpec>[];
  readonly settings?: Readonly<Record<string, string>>;
  /** What else the master's `slurm` says. */
  readonly slurm?: Partial<Omit<ClusterSpec["slurm"], "settings">>;
  /** Others than what the platform has mounted; `home: undefined` is none. */
  readonly disks?: Partial<Manifest["disks"]>;
}

export interface PoolSketch extends Partial<Omit<ManifestPool, "name" | "shape">>, Partial<Omit<PoolSpec, "name">> {
  /** What the hosts are numbered to. @default 1 */
  readonly nodes?: number;
  /** What differs from the smallest machine. */
  readonly shape?: Partial<ManifestShape>;
}

export const PATHS = { state: "/srv/ohpc/state", bundle: "/srv/ohpc/bundle", home: "/home" } as const;

/** Spec and manifest of a cluster, read as those of a real one are: they fit their schemas, and each other. */
export function viewOf(sketch: ClusterSketch = {}): ClusterView {
  const spec = specOf(sketch);
  return { spec, manifest: manifestOf(sketch, clusterSpecHash(renderClusterSpec(spec))) };
}

/** Where the `k`-th node of a pool is, from 1, if nothing else is said: pools of GPUs are kept apart from one other pool. */
export function addressOf(cidr: string, pool: string, k: number): string {
  return nthAddress(parseCidr(cidr)!, (isOfGpus(pool) ? 150 : 50) + k);
}

function specOf({
  cluster = "demo",
  pools = {},
  partitions = Object.fromEntries(Object.keys(pools).map((name) => [name, {}])),
  settings = {},
  slurm = {},
  users = [],
}: ClusterSketch): ClusterSpec {
  const complete = users.map((user, k): UserSpec => ({
    name: `user${k}`,
    uid: 2001 + k,
    gid: user.uid ?? 2001 + k,
    groups: [],
    shell: "/bin/bash",
    keys: [],
    account: "users",
    ...user,
  }));
  return readClusterSpec({
    schema: CLUSTER_SPEC_SCHEMA,
    cluster,
    partitions: Object.entries(partitions).map(([name, rest], k) => ({
      name,
      pools: [name],
      default: k === 0,
      exclusive: false,
      ...rest,
    })),
    pools: Object.entries(pools).map(([name, pool]) => {
      const { features = [], weight } = poolSketch(pool);
      return { name, features, weight };
    }),
    slurm: { settings, ...slurm },
    users: { groups: complete.map(({ gid, name }) => ({ name, gid })), users: complete },
  });
}

function manifestOf(
  { access, cluster = "demo", disks, pools = {}, sites = [{}] }: ClusterSketch,
  wish: string,
): Manifest {
  const complete = sites.map(siteOf);
  const [home] = complete;
  return readManifest({
    schema: MANIFEST_SCHEMA,
    cluster,
    wish,
    sites: complete,
    master: {
      host: "master",
      address: nthAddress(parseCidr(home!.cidr)!, 10),
      site: home!.name,
      shape: SMALLEST,
      access: { host: "127.0.0.1", port: 22, user: "root", identity: "cluster", ...access },
    },
    disks: { state: mounted(PATHS.state), bundle: mounted(PATHS.bundle), home: mounted(PATHS.home), ...disks },
    pools: Object.entries(pools).map(([name, pool]) => poolOf(name, poolSketch(pool), complete)),
  });
}

function siteOf({ cloud = "local", ...rest }: Partial<Site>): Site {
  return { name: cloud, cloud, cidr: "10.1.0.0/24", facts: cloud === "local" ? ON_THIS_MACHINE : AT_A_VENDOR, ...rest };
}

function poolOf(name: string, sketch: PoolSketch, sites: readonly Site[]): ManifestPool {
  const { nodes = 1, site = sites[0]!.name, shape } = sketch;
  const { cidr } = sites.find((one) => one.name === site)!;
  const addressesByName = () => (nodes === 1 ? [1] : [1, nodes]).map((k) => addressOf(cidr, name, k)).join("-");
  return {
    name,
    site,
    hosts: sketch.hosts ?? (nodes === 1 ? `${name}-1` : `${name}-[1-${nodes}]`),
    addresses: sketch.addresses ?? [addressesByName()],
    shape: { ...SMALLEST, ...shape },
    gres: sketch.gres ?? (isOfGpus(name) ? [{ name: "gpu", count: 2, files: "/dev/nvidia[0-1]" }] : []),
  };
}

function poolSketch(pool: number | PoolSketch): PoolSketch {
  return typeof pool === "number" ? { nodes: pool } : pool;
}

/** Pools whose name begins so have two GPUs in each node, unless they say otherwise. */
function isOfGpus(pool: string): boolean {
  return pool.startsWith("gpu");
}

const ON_THIS_MACHINE: CloudFacts = { slurmdTimeout: 30, cgroups: false, configOverrides: true };
const AT_A_VENDOR: CloudFacts = { slurmdTimeout: 300, cgroups: true, configOverrides: false };

const SMALLEST: ManifestShape = {
  sockets: 1,
  coresPerSocket: 1,
  threadsPerCore: 1,
  memoryMebibytes: 2048,
  architecture: "x86_64",
};

function mounted(path: string): ManifestDisk {
  return { kind: "mounted", path };
}
