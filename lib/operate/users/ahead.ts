import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ClusterSpec } from "../../model/cluster-spec";
import { type Manifest, MANIFEST_OUTPUT } from "../../model/manifest";
import type { PlannedStep } from "../configure/run-steps";
import type { SynthesizedStack } from "../stack/synthesis";

/** What is left as it is by a change of users, a line each, for people. Pure. */
export function leftLines(others: readonly PlannedStep[]): readonly string[] {
  return others.map(({ step, differences: [first = "", ...more] }) => {
    const rest = more.length === 0 ? "" : ` and ${more.length} more`;
    return `${step.title}: ${first}${rest}`;
  });
}

/** How the stack, as it is synthesized, has moved ahead of what is deployed: the parts of the manifest that differ. */
export function stackAhead({ directory }: SynthesizedStack, deployed: Manifest): readonly string[] {
  const config = JSON.parse(readFileSync(join(directory, "cdk.tf.json"), "utf8")) as {
    readonly output?: Readonly<Record<string, { readonly value?: unknown }>>;
  };
  const wanted = config.output?.[MANIFEST_OUTPUT]?.value;
  if (!isRecord(wanted)) return [];
  const is = deployed as unknown as Readonly<Record<string, unknown>>;
  // The hash of the spec changes with the users.
  const parts = Object.keys(wanted).filter((key) => key !== "wish" && differs(wanted[key], is[key]));
  return parts.map((part) => `the stack: ${part} of the cluster changed since it was deployed`);
}

/** Whether the spec differs in more than the users. Pure. */
export function specAhead(spec: ClusterSpec, planned: ClusterSpec): readonly string[] {
  const same = isDeepStrictEqual({ ...spec, users: null }, { ...planned, users: null });
  return same ? [] : ["the stack: Slurm's part of it changed since it was last synthesized"];
}

/** What only Terraform knows, nobody can compare. */
function differs(wanted: unknown, is: unknown): boolean {
  if (typeof wanted === "string" && wanted.includes("${")) return false;
  if (Array.isArray(wanted) && Array.isArray(is)) {
    return wanted.length !== is.length || wanted.some((one, k) => differs(one, is[k]));
  }
  if (isRecord(wanted) && isRecord(is)) return Object.keys(wanted).some((key) => differs(wanted[key], is[key]));
  return (wanted ?? undefined) !== (is ?? undefined);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
