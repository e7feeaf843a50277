import type { ClusterSpec } from "./cluster-spec";
import type { Manifest } from "./manifest";

/** All that a cluster's files and steps are made from: what is wanted, and what exists. */
export interface ClusterView {
  readonly spec: ClusterSpec;
  readonly manifest: Manifest;
}
