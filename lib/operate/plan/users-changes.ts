import { consequencesOf } from "../configure/consequences";
import { count } from "../feedback/count";
import type { Treatment } from "../feedback/treatment";
import type { JobsSeen } from "../scheduler/jobs";
import type { UsersChange } from "../users/change";
import { homeLines, type UsersPlan } from "../users/plan";
import { type ChangePlan, changePlanOf } from "./change-plan";
import { unifiedDiff } from "./file-diff";
import { planStakes } from "./plan-stakes";

export interface UsersChangesInput {
  readonly stack: string;
  readonly cluster: string;
  readonly command: string;
  readonly treatment: Treatment;
  readonly plan: UsersPlan;
  readonly change: UsersChange;
  readonly seen: JobsSeen;
}

/** What a change of users does: to their file, and to the accounts of a cluster. Pure. */
export function usersChanges({
  stack,
  cluster,
  command,
  treatment,
  plan: { file, edited, cluster: there },
  change,
  seen,
}: UsersChangesInput): ChangePlan {
  const fate = change.kind === "remove" ? change.homes : "keep";
  const steps = there?.own ?? [];
  const consequences = there === undefined ? undefined : consequencesOf(steps, there.view);
  const stakes = planStakes({ losses: [], manifest: there?.view.manifest, consequences, seen, treatment });
  const homes = homeLines(there?.homes ?? [], fate);
  const writes = edited.text !== file.text;
  const differing = steps.filter(({ differences }) => differences.length > 0);
  const plan = changePlanOf({
    stack,
    cluster,
    command,
    unknown: there === undefined ? ["nothing is deployed: ohpc up makes the accounts"] : [],
    steps,
    actions: writes ? [{ words: `${file.name} is written`, effect: "live" }] : [],
    stakes,
    data: fate === "delete" ? (there?.homes ?? []).map(({ path }) => `home ${path}`) : [],
    asks: fate === "delete" ? homes : [],
    left: there?.left ?? [],
    order: [
      ...(writes ? [`write ${file.name}`] : []),
      ...(differing.length === 0 ? [] : [`master: ${differing.map(({ step }) => step.title).join(", ")}`]),
      ...(differing.length === 0 ? [] : ["nodes take the accounts"]),
      ...(fate === "keep" || homes.length === 0 ? [] : [`${fate} ${count(homes.length, "home")}`]),
    ],
  });
  if (!writes) return plan;
  const diff = { path: file.name, step: "users", diff: unifiedDiff(file.name, file.text, edited.text) };
  return { ...plan, files: [diff, ...plan.files] };
}
