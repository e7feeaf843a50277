import type { ClusterSpec } from "../../lib/model/cluster-spec";
import type { ClusterView } from "../../lib/model/cluster-view";
import type { Manifest } from "../../lib/model/manifest";
import { type ClusterSketch, viewOf } from "./cluster-builder";

const SAMPLE: ClusterSketch = {
  pools: {
    cpu: {
      nodes: 4,
      addresses: ["10.108.250.1-10.108.250.4"],
      shape: { coresPerSocket: 8, threadsPerCore: 2, memoryMebibytes: 16384 },
    },
    gpu: { nodes: 2, addresses: ["10.108.10.1-10.108.10.2"], shape: { memoryMebibytes: 4096 } },
  },
  users: [{ name: "alice" }],
};

/** A cluster of 4 + 2 nodes on this machine, but for what a test wants otherwise in it. */
export function sampleCluster({ access, sites = [{}], ...otherwise }: ClusterSketch = {}): ClusterView {
  return viewOf({
    ...SAMPLE,
    ...otherwise,
    access: { port: 29852, ...access },
    sites: sites.map((site) => ({ cidr: "10.108.0.0/16", ...site })),
  });
}

/** @param port the way in. By default that of the demo, so that only text is made of it: a real demo may be up on this machine */
export function sampleManifest(port = 29852): Manifest {
  return sampleCluster({ access: { port } }).manifest;
}

export function sampleSpec(): ClusterSpec {
  return sampleCluster().spec;
}
