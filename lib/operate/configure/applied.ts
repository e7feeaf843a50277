import { createHash } from "node:crypto";
import { z } from "zod";
import type { ClusterView } from "../../model/cluster-view";
import { type Remote, RemoteError } from "../exec/remote/remote";
import type { PlannedStep } from "./run-steps";
import type { Json, Step } from "./step/step";

/** On the disk that outlives the master: what each step last made true, as a hash. What differs from it, somebody changed by hand. */
const APPLIED_FILE = "/srv/ohpc/state/applied.json";

/** Hashes by the ids of steps. */
export type Applied = Readonly<Record<string, string>>;

/** What the steps would make true of a cluster. Pure. */
export function appliedOf(steps: readonly Step[], cluster: ClusterView): Applied {
  return Object.fromEntries(steps.map((step) => [step.id, hashOf(step.desired(cluster))]));
}

/** What was last made true; nothing where that was never written down. */
export async function readApplied(master: Remote): Promise<Applied> {
  try {
    const parsed = appliedSchema.safeParse(JSON.parse((await master.read(APPLIED_FILE)) ?? "{}"));
    return parsed.success ? parsed.data : {};
  } catch (error) {
    // Damaged by hand, it tells nothing.
    if (error instanceof SyntaxError || (error instanceof RemoteError && error.failure === "failed")) return {};
    throw error;
  }
}

export async function writeApplied(master: Remote, applied: Applied): Promise<void> {
  await master.write(APPLIED_FILE, `${JSON.stringify(applied, undefined, 1)}\n`, "0600");
}

/** Adds what some steps have made true to what is known of the others. */
export async function addApplied(master: Remote, applied: Applied): Promise<void> {
  await writeApplied(master, { ...(await readApplied(master)), ...applied });
}

/** Steps whose wish is the one that was made true already: what differs now, somebody changed by hand. Pure. */
export function changedByHand(steps: readonly PlannedStep[], applied: Applied): readonly string[] {
  return steps.flatMap(({ step, differences, after }) =>
    differences.length > 0 && applied[step.id] === hashOf(after) ? [step.id] : [],
  );
}

function hashOf(state: Json): string {
  return createHash("sha256").update(JSON.stringify(state)).digest("hex");
}

const appliedSchema = z.record(z.string(), z.string());
