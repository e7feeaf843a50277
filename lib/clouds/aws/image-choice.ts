import type { Architecture } from "../../model/machine";
import { didYouMean, type Problem } from "../../model/problems";
import { systemByName } from "../image-use";
import { type PinFile, pinnedFact } from "../pins";

/** Debian's own: https://wiki.debian.org/Cloud/AmazonEC2Image. */
const DEBIAN_ACCOUNT = "136693071363";

/** Families that the library knows by name: whose images, and what they are called. */
const FAMILIES: Readonly<
  Record<string, { readonly owner: string; readonly pattern: Readonly<Record<Architecture, string>> }>
> = {
  "debian-13": { owner: DEBIAN_ACCOUNT, pattern: { x86_64: "debian-13-amd64-*", arm64: "debian-13-arm64-*" } },
  // With the drivers of GPUs and of the fabric: https://docs.aws.amazon.com/dlami/latest/devguide/what-is-dlami.html
  "aws-gpu": {
    owner: "amazon",
    pattern: {
      x86_64: "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *",
      arm64: "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *",
    },
  },
};

/** Those of them that are not Debian 13, which the roles are for. */
const OTHER_SYSTEMS: Readonly<Record<string, string>> = { "aws-gpu": "Ubuntu 24.04" };

export const DEFAULT_IMAGE = "debian-13";

/** An image as the user named it, for machines of one architecture. */
export type ImageChoice =
  | { readonly kind: "id"; readonly id: string }
  /** The newest of the owner's images whose name fits. */
  | { readonly kind: "newest"; readonly owner: string; readonly pattern: string };

const ID = /^ami-[0-9a-f]{8,17}$/;
const NAMED = /^(self|amazon|aws-marketplace|\d{12})\/(.+)$/;

/** What `image` means; `undefined` for what `imageProblems` refuses. */
export function imageChoice(image: string, architecture: Architecture): ImageChoice | undefined {
  if (ID.test(image)) return { kind: "id", id: image };
  const family = Object.hasOwn(FAMILIES, image) ? FAMILIES[image] : undefined;
  if (family !== undefined) return { kind: "newest", owner: family.owner, pattern: family.pattern[architecture] };
  const [, owner, pattern] = NAMED.exec(image) ?? [];
  return owner === undefined || pattern === undefined ? undefined : { kind: "newest", owner, pattern };
}

/** What an image is that the roles are not for, as far as its name tells. What one calls one's own images, is one's own affair. */
export function otherSystem(image: string): string | undefined {
  if (Object.hasOwn(OTHER_SYSTEMS, image)) return OTHER_SYSTEMS[image];
  const [, owner, pattern = ""] = NAMED.exec(image) ?? [];
  return owner === "amazon" || owner === "aws-marketplace" ? systemByName(pattern) : undefined;
}

/** Whether an image is Debian's own, under whichever owner, which has none of the cluster's software and no driver. */
export function isStock(image: string): boolean {
  return image === "debian-13" || image.startsWith(`${DEBIAN_ACCOUNT}/`) || DEBIANS_NAME.test(image);
}

/** AWS counts Debian's images as its own, too, and sells them on its marketplace. */
const DEBIANS_NAME = /^(amazon|aws-marketplace)\/debian-13-/i;

/** Under which an image is found in the pin file. */
export function imageKey(choice: ImageChoice, architecture: Architecture): string {
  return choice.kind === "id" ? choice.id : `${choice.owner}/${choice.pattern} ${architecture}`;
}

/** What is wrong with an image as the user wrote it. */
export function imageNameProblems(image: string): readonly Problem[] {
  if (imageChoice(image, "x86_64") !== undefined) return [];
  const families = Object.keys(FAMILIES);
  const want = `${families.join(", ")}, an id (ami-…) or OWNER/NAME-PATTERN, e.g. self/my-gpu-image-*`;
  const hint = didYouMean(image, families);
  return [{ at: "image", got: image, want, hint }];
}

/** Whether an image is for machines of this architecture, as far as it can be known without asking AWS. */
export function imageProblems(
  image: string,
  architecture: Architecture,
  region: string,
  pins: PinFile,
): readonly Problem[] {
  const choice = imageChoice(image, architecture);
  if (choice === undefined) return imageNameProblems(image);
  const built =
    pinnedFact(pins, "aws", region, imageKey(choice, architecture))?.["architecture"] ?? architectureInName(choice);
  if (built === undefined || built === architecture) return [];
  const want = `an image for ${architecture}, which the machine is; this one is for ${built}`;
  return [{ at: "image", got: image, want, hint: `choose another image, or a machine of ${built}` }];
}

/** Whoever gives an image a name with an architecture in it means it. */
function architectureInName(choice: ImageChoice): Architecture | undefined {
  if (choice.kind === "id") return undefined;
  if (/(^|[^a-z0-9])(amd64|x86_64)([^a-z0-9]|$)/.test(choice.pattern)) return "x86_64";
  return /(^|[^a-z0-9])(arm64|aarch64)([^a-z0-9]|$)/.test(choice.pattern) ? "arm64" : undefined;
}
