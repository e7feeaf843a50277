import { type MasterAccess, masterAccessIn } from "../access/master-access";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import type { Project } from "../stack/project";
import type { SynthesizedStack } from "../stack/synthesis";
import { PROTECTED } from "../terraform/known-failures";
import { outputsOf, plannedOutputs } from "../terraform/outputs";
import { judgePlan, type PlannedChange, type PlanVerdict, shownAddress } from "../terraform/plan";
import { type SavedPlan, Terraform } from "../terraform/terraform";
import type { Platform } from "./platform";

/** What a plan and a look at the machines showed, not yet carried out. */
export interface PlannedDeployment {
  readonly stack: SynthesizedStack;
  readonly plan: SavedPlan;
  readonly verdict: PlanVerdict;
  /** Addresses of what somebody removed behind Terraform's back. */
  readonly missing: readonly string[];
  /** Hosts that do not run. */
  readonly stopped: readonly string[];
  /** Of what is deployed now. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** What it will be, as far as the plan knows. */
  readonly planned: Readonly<Record<string, unknown>>;
  /** To the master that is there now. */
  readonly access: MasterAccess | undefined;
}

/** Whose project it is, and where keys lie. */
export interface PlanContext {
  readonly project: Pick<Project, "directory">;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Compares a stack with what exists, in Terraform's state and on the cloud itself. Changes nothing.
 *
 * @throws Failure
 */
export async function planDeployment(
  stack: SynthesizedStack,
  platform: Platform | undefined,
  { project, env }: PlanContext,
  progress: Progress,
): Promise<PlannedDeployment> {
  const terraform = new Terraform(stack.directory, env);
  return progress.phase(`Plan ${stack.name}`, async (report) => {
    await terraform.initialize();
    const [first, looked] = await Promise.allSettled([plan(terraform), look(terraform, platform)]);
    if (first.status === "rejected") throw first.reason as Error;
    let saved = first.value;
    try {
      if (looked.status === "rejected") throw looked.reason as Error;
      const { state, missing, stopped } = looked.value;
      if (missing.length > 0) {
        terraform.discard(saved);
        report.detail(`removed by hand: ${missing.map(shownAddress).join(", ")}`);
        saved = await plan(terraform, missing);
      }
      const shown = saved.changesAnything ? await terraform.show(saved) : undefined;
      const verdict = shown === undefined ? { changes: [], losses: [] } : judgePlan(shown, missing);
      report.title(`Plan ${stack.name}: ${summaryOf(verdict.changes)}`);
      const outputs = outputsOf(state);
      return {
        stack,
        plan: saved,
        verdict,
        missing,
        stopped,
        outputs,
        planned: shown === undefined ? outputs : plannedOutputs(shown),
        access: masterAccessIn(outputs, stack, project, env),
      };
    } catch (error) {
      terraform.discard(saved);
      throw error;
    }
  });
}

/** A plan that the stack's protection refuses becomes one that people are asked about. */
async function plan(terraform: Terraform, replace: readonly string[] = []): Promise<SavedPlan> {
  try {
    return await terraform.plan(replace);
  } catch (error) {
    if (!(error instanceof Failure) || error.details.code !== PROTECTED) throw error;
    return terraform.planUnprotected(replace);
  }
}

/** `2 to create, 1 to replace`, of what people would count. Pure. */
export function summaryOf(changes: readonly PlannedChange[]): string {
  const counted = changes.filter(({ kind }) => kind !== "glue");
  const parts = (["create", "update", "replace", "delete"] as const).flatMap((action) => {
    const count = counted.filter((change) => change.action === action).length;
    return count === 0 ? [] : [`${count} to ${action}`];
  });
  return parts.length === 0 ? "nothing to change" : parts.join(", ");
}

async function look(terraform: Terraform, platform: Platform | undefined) {
  const state = await terraform.state();
  const drift = await platform?.drift(state);
  return { missing: drift?.missing ?? [], stopped: drift?.stopped ?? [], state };
}
