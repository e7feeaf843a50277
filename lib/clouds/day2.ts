import type { Cost } from "./cost";
import type { Power } from "./power";

/** One site of a cluster that is there, as its manifest tells it. */
export interface DeployedSite {
  readonly cluster: string;
  /** The mark of the state that made the cluster; `undefined`: it was deployed before there were marks. */
  readonly owner?: string | undefined;
  /** What the vendor's API needs to find the machines, by key, e.g. `region`; `undefined` where the manifest does not say it. */
  readonly place: (key: string) => string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * What can be done at a vendor for machines that exist, and what they cost: what each cloud's folder has in `day2.ts`.
 * Loading it loads neither cdktf nor a vendor's SDK.
 */
export interface Day2 {
  /** Whether the vendor itself refuses to end machines that are protected, until it is told otherwise. */
  readonly protects: boolean;
  /**
   * Consoles and power buttons of a site's machines.
   *
   * @throws MissingPackage if the vendor's SDK is not installed
   * @throws PowerError if the manifest and the environment do not say where they are
   */
  power(site: DeployedSite): Power;
  /** What the part of a synthesized stack (`cdk.tf.json`) costs that is in this cloud. Pure, and asks nobody. */
  cost(terraform: unknown): Cost;
}
