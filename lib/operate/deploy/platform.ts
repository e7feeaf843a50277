import type { Duration } from "../../units";
import type { Progress } from "../feedback/progress";

/** What a cloud does beside Terraform. */
export interface Platform {
  /** How long nodes may take until they are ready. */
  readonly patience: Duration;
  /** Brings about what Terraform takes for granted: an engine that works, an image. */
  prepare(progress: Progress): Promise<void>;
  /** Where the cloud and Terraform's state (as `terraform show -json` tells it) have come apart. */
  drift(state: unknown): Promise<{
    /** Addresses of what was removed behind Terraform's back. */
    readonly missing: readonly string[];
    /** Hosts that are there, but do not run. */
    readonly stopped: readonly string[];
  }>;
  /** Starts machines that do not run. @throws PowerError naming those that cannot be started */
  start(hosts: readonly string[]): Promise<void>;
  /** What of the cluster is there still, by name. */
  remains(): Promise<readonly string[]>;
  /** Removes what is there still, with all data. */
  sweep(): Promise<void>;
}
