import { DataAwsAmi } from "@cdktf/provider-aws/lib/data-aws-ami";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Construct } from "constructs";
import { createHash } from "node:crypto";
import type { Architecture } from "../../model/machine";
import { once } from "../once";
import { type PinFile, pinnedFact } from "../pins";
import { TerraformData } from "../terraform-data";
import { type ImageChoice, imageChoice, imageKey } from "./image-choice";

export interface ImageOptions {
  readonly image: string;
  readonly architecture: Architecture;
  readonly region: string;
  readonly provider: AwsProvider;
  readonly pins: PinFile;
}

/**
 * The id of an image, always the same: from the pin file, or looked up at the first apply and then kept in the state.
 * New machines get the image that the others have, and a newer one replaces nobody.
 */
export function imageId(scope: Construct, options: ImageOptions): string {
  const { architecture, region, pins } = options;
  const choice = imageChoice(options.image, architecture);
  if (choice === undefined) throw new Error(`bug in AwsCloud: ${JSON.stringify(options.image)} was not refused`);
  const key = imageKey(choice, architecture);
  const pinned = pinnedFact(pins, "aws", region, key)?.["id"];
  if (pinned !== undefined) return pinned;
  const id = `image-${createHash("sha256").update(`${key} ${architecture}`).digest("hex").slice(0, 8)}`;
  const image = once(scope, id, () => new PinnedImage(scope, id, choice, options));
  return image.imageId;
}

/**
 * Looks an image up and keeps the answer of the first apply: `terraform_data` remembers it, and ignores what comes later.
 *
 * To let a group have a newer image, replace the pin on purpose: `terraform apply -replace=ADDRESS`. Machines that are
 * there stay as they are, new ones get it.
 */
class PinnedImage extends Construct {
  readonly imageId: string;

  constructor(scope: Construct, id: string, choice: ImageChoice, { architecture, provider }: ImageOptions) {
    super(scope, id);
    const found = new DataAwsAmi(this, "lookup", {
      provider,
      ...(choice.kind === "id"
        ? { filter: [{ name: "image-id", values: [choice.id] }] }
        : newest(choice, architecture)),
      lifecycle: { postcondition: [builtFor(architecture)] },
    });
    if (choice.kind === "id") {
      this.imageId = choice.id;
      return;
    }
    const pin = new TerraformData(this, "pin", {
      input: found.id,
      triggersReplace: imageKey(choice, architecture),
      lifecycle: { ignoreChanges: ["input"] },
    });
    this.imageId = `\${${pin.terraformResourceType}.${pin.friendlyUniqueId}.output}`;
  }
}

function newest({ owner, pattern }: { readonly owner: string; readonly pattern: string }, architecture: Architecture) {
  const filter = [
    { name: "name", values: [pattern] },
    { name: "architecture", values: [architecture] },
    { name: "state", values: ["available"] },
  ];
  return { owners: [owner], mostRecent: true, filter };
}

function builtFor(architecture: Architecture) {
  return {
    condition: `\${self.architecture == "${architecture}"}`,
    errorMessage: `image is \${self.id}, which is built for \${self.architecture}, but the machines are ${architecture}: choose another image, or other machines`,
  };
}
