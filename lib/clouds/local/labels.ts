/** Every container, network and volume that we make carries labels `io.cdktf-openhpc.<key>`; what does not is not ours. */
export const LABEL = "io.cdktf-openhpc";

export type LabelKey = "cluster" | "site" | "host" | "role" | "spec" | "image" | "address" | "build";

export function label(key: LabelKey): string {
  return `${LABEL}.${key}`;
}
