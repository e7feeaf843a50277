import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { MANIFEST_OUTPUT } from "../../model/schema-numbers";
import type { SynthesizedStack } from "./synthesis";

/** A site of a stack's cluster, as it is known before the stack is deployed. */
export interface PlannedSite {
  readonly cloud: string;
  readonly place: Readonly<Record<string, unknown>>;
}

/** The sites of a stack, deployed or not: they are literals in its manifest. */
export function sitesOf(stack: SynthesizedStack): readonly PlannedSite[] {
  const config: unknown = JSON.parse(readFileSync(join(stack.directory, "cdk.tf.json"), "utf8"));
  const parsed = configSchema.safeParse(config);
  return parsed.success ? parsed.data.output[MANIFEST_OUTPUT].value.sites : [];
}

const configSchema = z.looseObject({
  output: z.looseObject({
    [MANIFEST_OUTPUT]: z.looseObject({
      value: z.looseObject({
        sites: z.array(z.looseObject({ cloud: z.string(), place: z.record(z.string(), z.unknown()).default({}) })),
      }),
    }),
  }),
});
