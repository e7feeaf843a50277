import type { Duration } from "../../units";
import type { Progress } from "../feedback/progress";
import type { PlannedChange } from "../terraform/plan";

/** The right to a cluster that is there and not marked as the state's: it is taken over, or was made before there were marks. */
export interface Claim {
  /** For Terraform, while it works on the cluster. */
  readonly env: Readonly<Record<string, string>>;
  /** Marks it as the state's. */
  settle(owner: string): Promise<void>;
}

/** What a cloud does beside Terraform. */
export interface Platform {
  /** How long nodes may take until they are ready. */
  readonly patience: Duration;
  /** Brings about what Terraform takes for granted: an engine that works, an image. */
  prepare(progress: Progress): Promise<void>;
  /**
   * Looks whose the cluster is that is there. `undefined`: the state's (as `terraform show -json` tells it), or nobody's.
   *
   * @throws Failure if it is another state's, unless it is to be taken over
   */
  claim(state: unknown): Promise<Claim | undefined>;
  /** Machines that a plan (as `terraform show -json` tells it) would put others in the place of, though the state does not know them. */
  displaced(plan: unknown): Promise<readonly PlannedChange[]>;
  /** Where the cloud and Terraform's state (as `terraform show -json` tells it) have come apart. */
  drift(state: unknown): Promise<{
    /** Addresses of what was removed behind Terraform's back. */
    readonly missing: readonly string[];
    /** Hosts that are there, but do not run. */
    readonly stopped: readonly string[];
  }>;
  /** Starts machines that do not run. @throws PowerError naming those that cannot be started */
  start(hosts: readonly string[]): Promise<void>;
  /** What of the cluster is there that the state (as `terraform show -json` tells it) does not know, by name. */
  remains(state: unknown): Promise<readonly string[]>;
  /** Removes what is there still, with all data. */
  sweep(): Promise<void>;
}
