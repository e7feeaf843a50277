import { AnnotationMetadataEntryType } from "cdktf";
import type { Construct } from "constructs";

/** What is unusual enough to be told when the stack is synthesized, but may be meant. */
export function warn(scope: Construct, warning: string): void {
  scope.node.addMetadata(AnnotationMetadataEntryType.WARN, warning);
}
