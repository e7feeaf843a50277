/** Every container, network and volume that we make carries labels `io.cdktf-openhpc.<key>`; what does not is not ours. */
export const LABEL = "io.cdktf-openhpc";

export type LabelKey =
  | "cluster"
  | "site"
  | "host"
  | "role"
  | "spec"
  | "image"
  | "address"
  | "build"
  /** Of a volume that is empty and says whose a cluster is: the cluster, and where it was last marked. */
  | "owned"
  | "folder";

export function label(key: LabelKey): string {
  return `${LABEL}.${key}`;
}
