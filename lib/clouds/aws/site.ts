import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { KeyPair } from "@cdktf/provider-aws/lib/key-pair";
import type { Construct } from "constructs";
import type { Site } from "../cloud";
import type { PinFile } from "../pins";
import type { Subnets } from "./network";
import type { AwsFirewall } from "./rules";
import type { AwsTags } from "./tags";

/** A site's own resources; every later spec carries them in its `site`. */
export class AwsSite {
  constructor(readonly parts: AwsSiteParts) {}
}

export interface AwsSiteParts {
  /** Where what all groups of machines share is made. */
  readonly scope: Construct;
  readonly provider: AwsProvider;
  readonly region: string;
  readonly zone: string;
  readonly subnets: Subnets;
  /** Absent where the user brought security groups. */
  readonly firewall: AwsFirewall | undefined;
  readonly groups: { readonly master: readonly string[]; readonly compute: readonly string[] };
  readonly key: KeyPair;
  readonly tags: AwsTags;
  readonly pins: PinFile;
}

export function siteOf({ handle }: Site): AwsSiteParts {
  if (handle instanceof AwsSite) return handle.parts;
  throw new TypeError("what AwsCloud makes needs a network of AwsCloud");
}
