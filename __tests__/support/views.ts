import type { ClusterView } from "../../lib/model/cluster-view";
import { type Manifest, type ManifestDisk, readManifest } from "../../lib/model/manifest";
import { readClusterSpec, type ClusterSpec, type UserSpec } from "../../lib/model/cluster-spec";

/** A cluster in few words: what steps would be given of it. */
export interface ClusterSketch {
  readonly cluster?: string;
  /** The first three numbers of all addresses: `10.91.7`. */
  readonly prefix?: string;
  readonly access?: Manifest["master"]["access"];
  /** Number of nodes by pool; those whose name begins with `gpu` have two GPUs in each node. */
  readonly pools?: Readonly<Record<string, number>>;
  readonly users?: readonly Partial<UserSpec>[];
  readonly settings?: Readonly<Record<string, string>>;
  /** Others than what the platform has mounted. */
  readonly disks?: Partial<Manifest["disks"]>;
}

export const PATHS = { state: "/srv/ohpc/state", bundle: "/srv/ohpc/bundle", home: "/home" } as const;

export function viewOf(sketch: ClusterSketch = {}): ClusterView {
  return { manifest: manifestOf(sketch), spec: specOf(sketch) };
}

export function addressOf(prefix: string, pool: string, k: number): string {
  return `${prefix}.${(pool.startsWith("gpu") ? 150 : 50) + k}`;
}

function manifestOf({
  access = ACCESS,
  cluster = "demo",
  disks = {},
  pools = {},
  prefix = "10.1.0",
}: ClusterSketch): Manifest {
  const facts = { slurmdTimeout: 30, cgroups: false, configOverrides: true };
  return readManifest({
    schema: 1,
    cluster,
    wish: "",
    sites: [{ name: "local", cloud: "local", cidr: `${prefix}.0/24`, facts }],
    master: { host: "master", address: `${prefix}.10`, site: "local", shape: SHAPE, access },
    disks: { state: mounted(PATHS.state), bundle: mounted(PATHS.bundle), home: mounted(PATHS.home), ...disks },
    pools: Object.entries(pools).map(([name, nodes]) => ({
      name,
      site: "local",
      hosts: nodes === 1 ? `${name}-1` : `${name}-[1-${nodes}]`,
      addresses: [
        nodes === 1 ? addressOf(prefix, name, 1) : `${addressOf(prefix, name, 1)}-${addressOf(prefix, name, nodes)}`,
      ],
      shape: SHAPE,
      gres: name.startsWith("gpu") ? [{ name: "gpu", count: 2, files: "/dev/nvidia[0-1]" }] : [],
    })),
  });
}

function specOf({ cluster = "demo", pools = {}, settings = {}, users = [] }: ClusterSketch): ClusterSpec {
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
    schema: 1,
    cluster,
    partitions: Object.keys(pools).map((name, k) => ({ name, pools: [name], default: k === 0, exclusive: false })),
    pools: Object.keys(pools).map((name) => ({ name, features: [] })),
    slurm: { settings },
    users: { groups: complete.map(({ gid, name }) => ({ name, gid })), users: complete },
  });
}

const ACCESS = { host: "127.0.0.1", port: 22, user: "root", identity: "cluster" } as const;

const SHAPE = {
  sockets: 1,
  coresPerSocket: 1,
  threadsPerCore: 1,
  memoryMebibytes: 2048,
  architecture: "x86_64",
} as const;

function mounted(path: string): ManifestDisk {
  return { kind: "mounted", path };
}
