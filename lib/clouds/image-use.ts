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
  /** Whether it is a plain Debian 13, under whichever name. */
  readonly stock: boolean;
  /** What images of one's own are called on this cloud: `"self/gpu-node-*" or "ami-…"`. */
  readonly ownImage: string;
}

/** What of an image keeps machines of that shape from ever becoming those of a cluster, as far as its name tells. */
export function imageUseProblems(
  { image, system, stock, ownImage }: ImageFacts,
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
  if (gpus && stock) {
    const want =
      "an image with NVIDIA's driver, which a stock Debian lacks and the roles do not install: its nodes would never come up";
    return [{ at: "image", got: image, want, hint }];
  }
  return [];
}

/** What else than Debian 13 a vendor's image is, as far as its name tells. */
export function systemByName(name: string): string | undefined {
  const [found] = OTHER_SYSTEM.exec(name) ?? [];
  return found === undefined ? undefined : `${found}, by its name`;
}

const OTHER_SYSTEM =
  /ubuntu|deep learning|al20\d\d|amzn|amazon linux|rhel|red hat|rocky|alma|centos|fedora|suse|sles|oracle|windows|debian-(?:[1-9]|1[0-2])\b/i;

/** Says where stock machines cannot fetch their software; `wayOut` is unknown in a network that is not ours. */
export function warnOfWayOut(
  scope: Construct,
  { role }: MachinesSpec,
  { image, stock, wayOut }: Pick<ImageFacts, "image" | "stock"> & { readonly wayOut: boolean | undefined },
): void {
  if (role === "compute" && wayOut === false && stock) {
    warn(
      scope,
      `machines of the image "${image}" install their software from Debian's mirror, and with nat: "none" have no way there; ` +
        "give the pool an image with all software, or the network a mirror",
    );
  }
}
