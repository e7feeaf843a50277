import { LocalCloud } from "cdktf-openhpc/local";
import type { Construct } from "constructs";
import { cluster } from "./cluster";

/** The cluster of the quickstart, on this machine. */
export function demo(scope: Construct): void {
  cluster(scope, new LocalCloud());
}
