import type { Manifest } from "../../model/manifest";
import { describeLosses, hitsOfLosses } from "../deploy/losses";
import type { JobsSeen } from "../scheduler/jobs";
import type { PlanVerdict } from "../terraform/plan";
import { type ChangePlan, changePlanOf, resourceOf } from "./change-plan";

export interface DestroyChangesInput {
  readonly stack: string;
  readonly verdict: PlanVerdict;
  /** Of what is there. */
  readonly manifest: Manifest | undefined;
  /** What is there, and Terraform's state does not know. */
  readonly forgotten: readonly string[];
  readonly seen: JobsSeen;
  readonly takeOver?: boolean | undefined;
}

/** What removing a whole cluster takes. Pure. */
export function destroyChanges({
  stack,
  verdict,
  manifest,
  forgotten,
  seen,
  takeOver,
}: DestroyChangesInput): ChangePlan {
  const { changes, losses } = verdict;
  const hits = "unknown" in seen ? [] : hitsOfLosses(losses, manifest, seen.jobs);
  const lines = [
    ...describeLosses(losses, manifest, seen),
    ...(forgotten.length === 0 ? [] : [`what Terraform does not know of would be destroyed: ${forgotten.join(", ")}`]),
  ];
  return changePlanOf({
    stack,
    cluster: manifest?.cluster ?? stack,
    command: `ohpc destroy ${stack}${takeOver === true ? " --take-over" : ""}`,
    unknown: [],
    resources: changes.map(resourceOf),
    actions: forgotten.map((name) => ({
      words: `destroy ${name}, which Terraform does not know`,
      effect: "replace cluster",
    })),
    stakes: { scopes: [], lines, hits, uncovered: [], users: [], unknown: "unknown" in seen ? [seen.unknown] : [] },
    data: losses.flatMap(({ kind, name }) => (kind === "disk" ? [`disk ${name}`] : [])),
    order: [
      ...(changes.length === 0 ? [] : ["Terraform: destroy everything that the stack made"]),
      ...(forgotten.length === 0 ? [] : [`remove what is left: ${forgotten.join(", ")}`]),
      ...(changes.length + forgotten.length === 0 ? [] : ["forget the keys of its machines"]),
    ],
  });
}
