import { AnnotationMetadataEntryType } from "cdktf";
import type { Construct } from "constructs";

export interface NamedImage {
  /** As the user names it. */
  readonly image: string;
  /** Of the image, e.g. `Ubuntu 24.04`, where it is one that the roles make no machine of a cluster. */
  readonly system: string | undefined;
}

/** A stock machine becomes one of the cluster by the roles, and they are for one system. */
export function warnOtherSystem(scope: Construct, { image, system }: NamedImage): void {
  if (system === undefined) return;
  const warning =
    `machines of the image "${image}" are ${system}, and the roles converge only Debian 13 yet: they do not come up ` +
    "unless their image brings the cluster's software; give them one of your own that does";
  scope.node.addMetadata(AnnotationMetadataEntryType.WARN, warning);
}
