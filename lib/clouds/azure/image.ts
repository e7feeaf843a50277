import { DataAzurermPlatformImage } from "@cdktf/provider-azurerm/lib/data-azurerm-platform-image";
import { MarketplaceAgreement } from "@cdktf/provider-azurerm/lib/marketplace-agreement";
import type { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Architecture } from "../../model/machine";
import { once } from "../once";
import { type PinFile, pinnedFact } from "../pins";
import { TerraformData } from "../terraform-data";
import { imageChoice, imageKey, type MarketplaceImage } from "./image-choice";

export interface ImageOptions {
  readonly image: string;
  readonly architecture: Architecture;
  readonly location: string;
  readonly provider: AzurermProvider;
  readonly pins: PinFile;
  readonly acceptTerms: readonly string[];
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
 * An image, always the same: its version comes from the pin file, or is looked up at the first apply and then kept in the
 * state. New machines get the image that the others have, and a newer one replaces nobody.
 *
 * @param scope of the site: all its groups share what is looked up and accepted
 */
export function imageSource(scope: Construct, options: ImageOptions): ImageSource {
  const choice = imageChoice(options.image, options.architecture);
  if (choice === undefined) throw new Error(`bug in AzureCloud: ${JSON.stringify(options.image)} was not refused`);
  if (choice.kind === "id") return { sourceImageId: choice.id, trustedLaunch: choice.trustedLaunch, dependsOn: [] };
  const { image } = choice;
  const { provider, location, pins, acceptTerms } = options;
  const { publisher, offer, sku } = image;
  const key = imageKey(image);
  const id = key.replaceAll(":", "-");
  const looked = () =>
    once(scope, `image-${id}`, (of, name) => new PinnedImage(of, name, image, { provider, location })).version;
  const version =
    choice.kind === "version" ? choice.version : (pinnedFact(pins, "azure", location, key)?.["version"] ?? looked());
  const agreement = () =>
    once(
      scope,
      `terms-${id}`,
      (of, name) => new MarketplaceAgreement(of, name, { provider, publisher, offer, plan: sku }),
    );
  const accepted = acceptTerms.includes(key) ? [agreement()] : [];
  return {
    sourceImageReference: { ...image, version },
    ...(accepted.length > 0 && { plan: { name: sku, product: offer, publisher } }),
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
class PinnedImage extends Construct {
  readonly version: string;

  constructor(
    scope: Construct,
    id: string,
    image: MarketplaceImage,
    { provider, location }: Pick<ImageOptions, "provider" | "location">,
  ) {
    super(scope, id);
    const found = new DataAzurermPlatformImage(this, "lookup", { provider, location, ...image });
    const pin = new TerraformData(this, "pin", {
      input: found.version,
      triggersReplace: imageKey(image),
      lifecycle: { ignoreChanges: ["input"] },
    });
    this.version = `\${${pin.terraformResourceType}.${pin.friendlyUniqueId}.output}`;
  }
}
