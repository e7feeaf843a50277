import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { MANIFEST_OUTPUT } from "../../model/schema-numbers";
import type { SynthesizedStack } from "./synthesis";

/** A manifest as it stands in a stack's definition, where all of it but the state's mark is known before it is deployed. */
export interface ManifestDraft {
  /** Terraform's address of what has the mark for its id. */
  readonly ownerAddress: string;
  /** The value of the manifest's output, once the mark is known. */
  withOwner(owner: string): unknown;
}

/** `undefined` where something else is known only to Terraform, such as an address that a vendor gives. */
export function manifestDraftOf(stack: SynthesizedStack): ManifestDraft | undefined {
  const config: unknown = JSON.parse(readFileSync(join(stack.directory, "cdk.tf.json"), "utf8"));
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) return undefined;
  const { value } = parsed.data.output[MANIFEST_OUTPUT];
  const { owner, ...rest } = value;
  const ownerAddress = REFERENCE.exec(owner)?.[1];
  // Text that Terraform reads, or has been kept from reading, is not what it seems.
  if (ownerAddress === undefined || /[$%]\{/.test(JSON.stringify(rest))) return undefined;
  return { ownerAddress, withOwner: (mark) => ({ ...value, owner: mark }) };
}

const REFERENCE = /^\$\{(terraform_data\.[\w-]+)\.id\}$/;

const configSchema = z.looseObject({
  output: z.looseObject({ [MANIFEST_OUTPUT]: z.looseObject({ value: z.looseObject({ owner: z.string() }) }) }),
});
