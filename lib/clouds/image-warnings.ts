import type { Construct } from "constructs";
import type { MachinesSpec } from "./cloud";
import { warn } from "./warn";

export interface ImageFacts {
  /** As the user names it. */
  readonly image: string;
  /** Of the image, e.g. `Ubuntu 24.04`, where it is one that the roles make no machine of a cluster. */
  readonly system: string | undefined;
  /** Whether machines without a public address reach the world; `undefined` in a network that is not ours. */
  readonly wayOut: boolean | undefined;
}

/** Says where machines of an image will not become machines of the cluster by themselves. */
export function warnOfImage(scope: Construct, { role }: MachinesSpec, { image, system, wayOut }: ImageFacts): void {
  if (role === "compute" && wayOut === false && image === "debian-13") {
    warn(
      scope,
      'machines of the image "debian-13" install their software from Debian\'s mirror, and with nat: "none" have no way there; ' +
        "give the pool an image with all software, or the network a mirror",
    );
  }
  if (system !== undefined) {
    warn(
      scope,
      `machines of the image "${image}" are ${system}, and the roles converge only Debian 13 yet: they do not come up ` +
        "unless their image brings the cluster's software; give them one of your own that does",
    );
  }
}
