import type { Architecture } from "../../model/machine";
import { didYouMean, type Problem } from "../../model/problems";
import { systemByName } from "../image-use";
import { type PinFile, pinnedFact } from "../pins";
import { isResourceId, parseResourceId } from "./names";

/** An image of the marketplace, in all its versions. */
export interface MarketplaceImage {
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
}

/** Images that the library knows by name: whose they are, and what they are called. */
const FAMILIES: Readonly<Record<string, Readonly<Partial<Record<Architecture, MarketplaceImage>>>>> = {
  "debian-13": {
    x86_64: { publisher: "Debian", offer: "debian-13", sku: "13-gen2" },
    arm64: { publisher: "Debian", offer: "debian-13", sku: "13-arm64" },
  },
  // With the drivers of GPUs and InfiniBand: https://learn.microsoft.com/azure/virtual-machines/azure-hpc-vm-images
  "azure-hpc": { x86_64: { publisher: "microsoft-dsvm", offer: "ubuntu-hpc", sku: "2204" } },
};

/** Those of them that are not Debian 13, which the roles are for. */
const OTHER_SYSTEMS: Readonly<Record<string, string>> = { "azure-hpc": "Ubuntu 22.04" };

export const DEFAULT_IMAGE = "debian-13";

/** Publishers whose images are sold with a purchase plan, even those that cost nothing. */
const WITH_PLAN: ReadonlySet<string> = new Set([
  "resf",
  "erockyenterprisesoftwarefoundationinc1653071250513",
  "nvidia",
  "procomputers",
  "cognosys",
  "bitnami",
]);

/** An image as the user named it, for machines of one architecture. */
export type ImageChoice =
  | {
      readonly kind: "id";
      readonly id: string;
      /** Images of the old kind cannot be started with a virtual TPM. */
      readonly trustedLaunch: boolean;
    }
  /** One version of an image of the marketplace. */
  | { readonly kind: "version"; readonly image: MarketplaceImage; readonly version: string }
  /** The newest version there is. */
  | { readonly kind: "newest"; readonly image: MarketplaceImage };

const WORD = "[A-Za-z0-9_.-]+";
const URN = new RegExp(`^(${WORD}):(${WORD}):(${WORD})(?::(${WORD}))?$`);

/** What `image` means; `undefined` for what `imageProblems` refuses. */
export function imageChoice(image: string, architecture: Architecture): ImageChoice | undefined {
  const family = Object.hasOwn(FAMILIES, image) ? FAMILIES[image] : undefined;
  if (family !== undefined) {
    const known = family[architecture];
    return known === undefined ? undefined : { kind: "newest", image: known };
  }
  if (image.startsWith("/")) return byId(image);
  const [, publisher, offer, sku, version = "latest"] = URN.exec(image) ?? [];
  if (publisher === undefined || offer === undefined || sku === undefined) return undefined;
  const named = { publisher, offer, sku };
  return version === "latest" ? { kind: "newest", image: named } : { kind: "version", image: named, version };
}

function byId(id: string): ImageChoice | undefined {
  if (isResourceId(id, "Microsoft.Compute/images")) return { kind: "id", id, trustedLaunch: false };
  const ours = ["Microsoft.Compute/galleries/images", "Microsoft.Compute/galleries/images/versions"].some((type) =>
    isResourceId(id, type),
  );
  const shared = /^\/(communityGalleries|sharedGalleries)\/[^/]+\/images\/[^/]+(\/versions\/[^/]+)?$/i.test(id);
  return ours || shared ? { kind: "id", id, trustedLaunch: true } : undefined;
}

/** What an image is that the roles are not for, as far as its name tells. What one calls one's own images, is one's own affair. */
export function otherSystem(image: string): string | undefined {
  if (Object.hasOwn(OTHER_SYSTEMS, image)) return OTHER_SYSTEMS[image];
  return URN.test(image) ? systemByName(image) : undefined;
}

/** Whether an image is Debian's own, which has none of the cluster's software and no driver. */
export function isStock(image: string): boolean {
  return image === "debian-13" || image.toLowerCase().startsWith("debian:");
}

/** `Debian:debian-13:13-gen2`: under which the version of an image is found in the pin file, and its terms are accepted. */
export function imageKey({ publisher, offer, sku }: MarketplaceImage): string {
  return `${publisher}:${offer}:${sku}`;
}

/** What a choice is for: an image, machines of an architecture, a region; and what the user has accepted. */
export interface ImageQuestion {
  readonly architecture: Architecture;
  readonly location: string;
  readonly pins: PinFile;
  /** Images whose terms the user accepts, as `PUBLISHER:OFFER:SKU`. */
  readonly acceptTerms: readonly string[];
}

/** What is wrong with an image for such machines, as far as it can be known without asking Azure. */
export function imageProblems(image: string, question: ImageQuestion): readonly Problem[] {
  const { architecture, pins, location, acceptTerms } = question;
  const choice = imageChoice(image, architecture);
  if (choice === undefined) return [unknownImage(image, architecture)];
  const problems: Problem[] = [];
  const key = choice.kind === "id" ? choice.id : imageKey(choice.image);
  const built = pinnedFact(pins, "azure", location, key)?.["architecture"] ?? architectureInName(choice);
  if (built !== undefined && built !== architecture) {
    const want = `an image for ${architecture}, which the machine is; this one is for ${built}`;
    problems.push({ at: "image", got: image, want, hint: `choose another image, or a machine of ${built}` });
  }
  if (choice.kind !== "id" && WITH_PLAN.has(choice.image.publisher.toLowerCase()) && !acceptTerms.includes(key)) {
    const want = "an image without a purchase plan, or one whose terms you accept";
    problems.push({
      at: "image",
      got: image,
      want,
      hint: `read them (az vm image terms show --urn ${key}:latest), then give the cloud acceptTerms: ["${key}"]`,
    });
  }
  return problems;
}

function unknownImage(image: string, architecture: Architecture): Problem {
  const families = Object.keys(FAMILIES);
  if (families.includes(image)) {
    return {
      at: "image",
      got: image,
      want: `an image for ${architecture}; there is none of this name`,
      hint: "choose machines of x86_64",
    };
  }
  const near =
    didYouMean(image, families) ?? (parseResourceId(image) === undefined ? undefined : "the id is one of no image");
  const want = `${families.join(", ")}, PUBLISHER:OFFER:SKU[:VERSION], or the id of an image or of one in a gallery`;
  return { at: "image", got: image, want, hint: near };
}

/** Whoever gives an image a name with an architecture in it means it. */
function architectureInName(choice: ImageChoice): Architecture | undefined {
  const name =
    choice.kind === "id" ? (choice.id.split("/images/")[1] ?? "") : `${choice.image.offer} ${choice.image.sku}`;
  if (/(^|[^a-z0-9])(arm64|aarch64)([^a-z0-9]|$)/i.test(name)) return "arm64";
  return /(^|[^a-z0-9])(amd64|x64|x86_64|gen2)([^a-z0-9]|$)/i.test(name) && !/arm/i.test(name) ? "x86_64" : undefined;
}
