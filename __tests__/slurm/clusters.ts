import { type CloudFacts, type Manifest, type ManifestPool, readManifest } from "../../lib/model/manifest";
import { type ClusterSpec, readClusterSpec } from "../../lib/model/cluster-spec";

/** What a cluster's files are rendered from. */
export interface Cluster {
  readonly spec: ClusterSpec;
  readonly manifest: Manifest;
}

const local: CloudFacts = { slurmdTimeout: 30, cgroups: false, configOverrides: true };
const cloud: CloudFacts = { slurmdTimeout: 300, cgroups: true, configOverrides: false };

const medium = {
  sockets: 1,
  coresPerSocket: 1,
  threadsPerCore: 1,
  memoryMebibytes: 4096,
  architecture: "x86_64",
} as const;
const large = {
  sockets: 2,
  coresPerSocket: 48,
  threadsPerCore: 1,
  memoryMebibytes: 393216,
  architecture: "x86_64",
} as const;
const accelerated = {
  sockets: 1,
  coresPerSocket: 24,
  threadsPerCore: 2,
  memoryMebibytes: 196608,
  architecture: "x86_64",
} as const;

function manifest(name: string, rest: Pick<Manifest, "sites" | "pools"> & { readonly master: string }): Manifest {
  const { master, pools, sites } = rest;
  const mounted = (path: string) => ({ kind: "mounted", path }) as const;
  return readManifest({
    schema: 1,
    cluster: name,
    wish: "0".repeat(64),
    sites,
    master: {
      host: "master",
      address: master,
      site: sites[0]?.name,
      shape: medium,
      access: { host: "127.0.0.1", port: 20022, user: "root", identity: "cluster" },
    },
    disks: { state: mounted("/srv/ohpc/state"), bundle: mounted("/srv/ohpc/bundle"), home: mounted("/home") },
    pools,
  });
}

function spec(
  name: string,
  rest: Pick<ClusterSpec, "partitions" | "pools"> & { readonly settings?: Record<string, string> },
): ClusterSpec {
  const { partitions, pools, settings = {} } = rest;
  return readClusterSpec({
    schema: 1,
    cluster: name,
    partitions,
    pools,
    slurm: { settings },
    users: { groups: [{ name: "users", gid: 2000 }], users: [] },
  });
}

function partition(
  name: string,
  rest: Partial<ClusterSpec["partitions"][number]> = {},
): ClusterSpec["partitions"][number] {
  return { name, pools: [name], default: false, exclusive: false, ...rest };
}

const localGpus: ManifestPool["gres"] = [{ name: "gpu", count: 2, files: "/dev/nvidia[0-1]" }];

/** The quickstart's: partition cpu, partition gpu with fake GPUs, all on this machine. */
export const CPU_AND_GPU: Cluster = {
  spec: spec("demo", {
    partitions: [partition("cpu", { default: true }), partition("gpu")],
    pools: [
      { name: "cpu", features: [] },
      { name: "gpu", features: [] },
    ],
  }),
  manifest: manifest("demo", {
    master: "10.77.0.10",
    sites: [{ name: "local", cloud: "local", cidr: "10.77.0.0/16", facts: local }],
    pools: [
      { name: "cpu", site: "local", hosts: "cpu-[1-2]", addresses: ["10.77.32.1-10.77.32.2"], shape: medium, gres: [] },
      {
        name: "gpu",
        site: "local",
        hosts: "gpu-[1-2]",
        addresses: ["10.77.91.1-10.77.91.2"],
        shape: medium,
        gres: localGpus,
      },
    ],
  }),
};

/** A production cluster in one cloud: a pool that crosses an octet, limits, groups, features, weights, user settings. */
export const PRODUCTION: Cluster = {
  spec: spec("tokyo", {
    partitions: [
      partition("batch", { default: true, pools: ["large", "spare"], maxTime: "1-00:00:00", defaultTime: "01:00:00" }),
      partition("train", { pools: ["a100"], allowGroups: ["ml", "staff"], maxTime: "7-00:00:00" }),
      partition("whole", { pools: ["large"], exclusive: true }),
    ],
    pools: [
      { name: "large", features: ["hpc7a", "efa"], weight: 10 },
      { name: "spare", features: [], weight: 100 },
      { name: "a100", features: ["nvlink"] },
    ],
    settings: {
      SlurmctldParameters: "max_dbd_msg_action=exit",
      MessageTimeout: "90",
      PriorityWeightFairshare: "10000",
    },
  }),
  manifest: manifest("tokyo", {
    master: "10.20.0.10",
    sites: [{ name: "tokyo", cloud: "aws", cidr: "10.20.0.0/16", facts: cloud }],
    pools: [
      {
        name: "large",
        site: "tokyo",
        hosts: "large-[1-300]",
        addresses: ["10.20.16.1-10.20.17.44"],
        shape: large,
        gres: [],
      },
      {
        name: "spare",
        site: "tokyo",
        hosts: "s[01-03]",
        addresses: ["10.20.200.7", "10.20.200.9", "10.20.200.8"],
        shape: medium,
        gres: [],
      },
      {
        name: "a100",
        site: "tokyo",
        hosts: "a100-1",
        addresses: ["10.20.64.1"],
        shape: accelerated,
        gres: [{ name: "gpu", type: "a100", count: 8, files: "/dev/nvidia[0-7]" }],
      },
    ],
  }),
};

/** A master and a pool in one site, another pool in a second one. */
export const TWO_SITES: Cluster = {
  spec: spec("joined", {
    partitions: [partition("near", { default: true }), partition("far"), partition("both", { pools: ["near", "far"] })],
    pools: [
      { name: "near", features: [] },
      { name: "far", features: [] },
    ],
  }),
  manifest: manifest("joined", {
    master: "10.30.0.10",
    sites: [
      { name: "tokyo", cloud: "aws", cidr: "10.30.0.0/16", facts: cloud },
      { name: "osaka", cloud: "azure", cidr: "10.40.0.0/16", facts: cloud },
    ],
    pools: [
      { name: "near", site: "tokyo", hosts: "near-[1-4]", addresses: ["10.30.8.1-10.30.8.4"], shape: large, gres: [] },
      { name: "far", site: "osaka", hosts: "far-[1-2]", addresses: ["10.40.8.1-10.40.8.2"], shape: large, gres: [] },
    ],
  }),
};

/** A master whose pools are still to come. */
export const NO_POOLS: Cluster = {
  spec: spec("empty", { partitions: [], pools: [] }),
  manifest: manifest("empty", { master: "10.77.0.10", sites: CPU_AND_GPU.manifest.sites, pools: [] }),
};

export const CLUSTERS: Readonly<Record<string, Cluster>> = {
  "cpu-and-gpu": CPU_AND_GPU,
  production: PRODUCTION,
  "two-sites": TWO_SITES,
  "no-pools": NO_POOLS,
};
