import { AnnotationMetadataEntryType } from "cdktf";
import type { Construct } from "constructs";
import type { MachinesSpec } from "./cloud";

export interface WayOut {
  /** How machines without a public address reach the world. */
  readonly nat: "gateway" | "none";
  /** As the user names it. */
  readonly image: string;
}

/** A stock machine fetches its software from Debian's mirror: without a way there it never becomes a node. */
export function warnWithoutWayOut(scope: Construct, { role }: MachinesSpec, { nat, image }: WayOut): void {
  if (role !== "compute" || nat !== "none" || image !== "debian-13") return;
  const warning =
    'machines of the image "debian-13" install their software from Debian\'s mirror, and with nat: "none" have no way there; ' +
    "give the pool an image with all software, or the network a mirror";
  scope.node.addMetadata(AnnotationMetadataEntryType.WARN, warning);
}
