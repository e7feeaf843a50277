import type { ClusterView } from "../../lib/model/cluster-view";
import { viewOf } from "../support/cluster-builder";

const medium = { memoryMebibytes: 4096 };
const large = { sockets: 2, coresPerSocket: 48, memoryMebibytes: 393216 };
const accelerated = { coresPerSocket: 24, threadsPerCore: 2, memoryMebibytes: 196608 };

/** The quickstart's: partition cpu, partition gpu with fake GPUs, all on this machine. */
export const CPU_AND_GPU = viewOf({
  sites: [{ cidr: "10.77.0.0/16" }],
  pools: {
    cpu: { nodes: 2, addresses: ["10.77.32.1-10.77.32.2"], shape: medium },
    gpu: { nodes: 2, addresses: ["10.77.91.1-10.77.91.2"], shape: medium },
  },
});

/** A production cluster in one cloud: a pool that crosses an octet, limits, groups, features, weights, user settings. */
export const PRODUCTION = viewOf({
  cluster: "tokyo",
  sites: [{ name: "tokyo", cloud: "aws", cidr: "10.20.0.0/16" }],
  pools: {
    large: {
      nodes: 300,
      addresses: ["10.20.16.1-10.20.17.44"],
      shape: large,
      features: ["hpc7a", "efa"],
      weight: 10,
    },
    spare: {
      hosts: "s[01-03]",
      addresses: ["10.20.200.7", "10.20.200.9", "10.20.200.8"],
      shape: medium,
      weight: 100,
    },
    a100: {
      addresses: ["10.20.64.1"],
      shape: accelerated,
      features: ["nvlink"],
      gres: [{ name: "gpu", type: "a100", count: 8, files: "/dev/nvidia[0-7]" }],
    },
  },
  partitions: {
    batch: { pools: ["large", "spare"], maxTime: "1-00:00:00", defaultTime: "01:00:00" },
    train: { pools: ["a100"], allowGroups: ["ml", "staff"], maxTime: "7-00:00:00" },
    whole: { pools: ["large"], exclusive: true },
  },
  settings: {
    SlurmctldParameters: "max_dbd_msg_action=exit",
    MessageTimeout: "90",
    PriorityWeightFairshare: "10000",
  },
});

/** A master and a pool in one site, another pool in a second one. */
export const TWO_SITES = viewOf({
  cluster: "joined",
  sites: [
    { name: "tokyo", cloud: "aws", cidr: "10.30.0.0/16" },
    { name: "osaka", cloud: "azure", cidr: "10.40.0.0/16" },
  ],
  pools: {
    near: { nodes: 4, addresses: ["10.30.8.1-10.30.8.4"], shape: large },
    far: { nodes: 2, site: "osaka", addresses: ["10.40.8.1-10.40.8.2"], shape: large },
  },
  partitions: { near: {}, far: {}, both: { pools: ["near", "far"] } },
});

/** A master whose pools are still to come. */
export const NO_POOLS = viewOf({ cluster: "empty", sites: [{ cidr: "10.77.0.0/16" }] });

export const CLUSTERS: Readonly<Record<string, ClusterView>> = {
  "cpu-and-gpu": CPU_AND_GPU,
  production: PRODUCTION,
  "two-sites": TWO_SITES,
  "no-pools": NO_POOLS,
};
