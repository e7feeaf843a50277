import type { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import type { Construct } from "constructs";
import type { Site } from "../cloud";
import type { PinFile } from "../pins";
import type { ResourceGroupReference, Subnets } from "./network";
import type { AzureFirewall } from "./rules";
import type { AzureTags } from "./tags";

/** A site's own resources; every later spec carries them in its `site`. */
export class AzureSite {
  constructor(readonly parts: AzureSiteParts) {}
}

export interface AzureSiteParts {
  /** Where what all groups of machines share is made. */
  readonly scope: Construct;
  readonly provider: AzurermProvider;
  readonly location: string;
  readonly zone: string | undefined;
  readonly group: ResourceGroupReference;
  readonly subnets: Subnets;
  /** Absent where the user's own network security groups decide. */
  readonly firewall: AzureFirewall | undefined;
  /** Network security groups that are put on the machines themselves; absent where those of the subnets decide. */
  readonly securityGroups: { readonly master: string; readonly compute: string } | undefined;
  /** The first part of all names. */
  readonly prefix: string;
  readonly tags: AzureTags;
  readonly pins: PinFile;
}

export function siteOf({ handle }: Site): AzureSiteParts {
  if (handle instanceof AzureSite) return handle.parts;
  throw new TypeError("what AzureCloud makes needs a network of AzureCloud");
}
