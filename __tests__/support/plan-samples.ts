import { readFileSync } from "node:fs";
import { join } from "node:path";

interface PlanSample {
  readonly resource_changes: { readonly type: string; readonly change: { readonly before: unknown } }[];
}

/** What `terraform show -json` printed of plans of a stack with 2 + 2 nodes (without configuration and state). */
export function planSample(name: string): PlanSample {
  return JSON.parse(readFileSync(join(SAMPLES, `${name}.json`), "utf8")) as PlanSample;
}

const SAMPLES = join(__dirname, "..", "operate", "terraform", "samples");
