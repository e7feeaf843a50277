import type { Construct } from "constructs";
import type { MachineShape } from "../model/machine";
import type { Problem } from "../model/problems";
import type { MachinesSpec, WantedMachine } from "./cloud";
import { warn } from "./warn";

export interface ImageFacts {
  /** As the user names it. */
  readonly image: string;
  /** Of the image, e.g. `Ubuntu 24.04`, where it is one that the roles make no machine of a cluster. */
  readonly system: string | undefined;
  /** What images of one's own are called on this cloud: `"self/gpu-node-*" or "ami-…"`. */
  readonly ownImage: string;
}

/** What of an image keeps machines of that shape from ever becoming those of a cluster, as far as its name tells. */
export function imageUseProblems(
  { image, system, ownImage }: ImageFacts,
  { gpus: wanted }: Pick<WantedMachine, "gpus">,
  shape: MachineShape,
): readonly Problem[] {
  const gpus = wanted && shape.gpus !== undefined;
  const driver = gpus ? "NVIDIA's driver and " : "";
  const hint = `an image of your own that has ${driver}the cluster's software works: image: ${ownImage}`;
  if (system !== undefined) {
    const want = `an image of Debian 13, or one that brings ${driver}the cluster's software: this one is ${system}, which the roles do not converge`;
    return [{ at: "image", got: image, want, hint }];
  }
  if (gpus && image === "debian-13") {
    const want =
      "an image with NVIDIA's driver, which a stock Debian lacks and the roles do not install: its nodes would never come up";
    return [{ at: "image", got: image, want, hint }];
  }
  return [];
}

/** Says where stock machines cannot fetch their software; `wayOut` is unknown in a network that is not ours. */
export function warnOfWayOut(
  scope: Construct,
  { role }: MachinesSpec,
  image: string,
  wayOut: boolean | undefined,
): void {
  if (role === "compute" && wayOut === false && image === "debian-13") {
    warn(
      scope,
      'machines of the image "debian-13" install their software from Debian\'s mirror, and with nat: "none" have no way there; ' +
        "give the pool an image with all software, or the network a mirror",
    );
  }
}
