import { DataAzurermPlatformImage } from "@cdktf/provider-azurerm/lib/data-azurerm-platform-image";
import { MarketplaceAgreement } from "@cdktf/provider-azurerm/lib/marketplace-agreement";
import type { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { Architecture } from "../../model/machine";
import { type LockFile, lockedFact } from "../lock-file";
import { once } from "../once";
import { TerraformData } from "../terraform-data";
import { imageChoice, imageKey, type MarketplaceImage } from "./image-choice";

export interface ImageWish {
  readonly image: string;
  readonly architecture: Architecture;
  readonly location: string;
  readonly provider: AzurermProvider;
  readonly lock: LockFile;
  readonly acceptTerms: readonly string[];
  /** Where what all groups of machines share is made: terms are accepted once. */
  readonly shared: Construct;
}

/** What a virtual machine is made of, in the words of azurerm. */
export interface ImageSource {
  readonly sourceImageId?: string;
  readonly sourceImageReference?: MarketplaceImage & { readonly version: string };
  readonly plan?: { readonly name: string; readonly product: string; readonly publisher: string };
  /** Whether a machine with a virtual TPM can be made of it. */
  readonly trustedLaunch: boolean;
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * An image, always the same: its version comes from the lock file, or is looked up at the first apply and then kept in the
 * state. New machines get the image that the others have, and a newer one replaces nobody.
 */
export function imageSource(scope: Construct, id: string, wish: ImageWish): ImageSource {
  const choice = imageChoice(wish.image, wish.architecture);
  if (choice === undefined) throw new Error(`bug in AzureCloud: ${JSON.stringify(wish.image)} was not refused`);
  if (choice.kind === "id") return { sourceImageId: choice.id, trustedLaunch: choice.trustedLaunch, dependsOn: [] };
  const { image } = choice;
  const key = imageKey(image);
  const locked = lockedFact(wish.lock, "azure", wish.location, key)?.["version"];
  const version = choice.kind === "version" ? choice.version : (locked ?? pinnedVersion(scope, id, image, wish));
  const accepted = wish.acceptTerms.includes(key) ? [agreement(image, wish)] : [];
  return {
    sourceImageReference: { ...image, version },
    ...(accepted.length > 0 && { plan: { name: image.sku, product: image.offer, publisher: image.publisher } }),
    trustedLaunch: true,
    dependsOn: accepted,
  };
}

/**
 * Looks the newest version up and keeps the answer of the first apply: `terraform_data` remembers it, and ignores what
 * comes later.
 *
 * To let a group have a newer image, replace the pin on purpose: `terraform apply -replace=ADDRESS`. Machines that are
 * there stay as they are, new ones get it.
 */
function pinnedVersion(scope: Construct, id: string, image: MarketplaceImage, { provider, location }: ImageWish): string {
  const found = new DataAzurermPlatformImage(scope, `${id}-lookup`, { provider, location, ...image });
  const pin = new TerraformData(scope, id, {
    input: found.version,
    triggersReplace: imageKey(image),
    lifecycle: { ignoreChanges: ["input"] },
  });
  return `\${${pin.terraformResourceType}.${pin.friendlyUniqueId}.output}`;
}

function agreement({ publisher, offer, sku }: MarketplaceImage, { provider, shared }: ImageWish): MarketplaceAgreement {
  return once(shared, `terms-${publisher}-${offer}-${sku}`, (scope, id) => new MarketplaceAgreement(scope, id, { provider, publisher, offer, plan: sku }));
}
