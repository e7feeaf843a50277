import { type MasterAccess, masterAccessIn } from "../access/master-access";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import type { Project } from "../stack/project";
import type { SynthesizedStack } from "../stack/synthesis";
import { PROTECTED } from "../terraform/known-failures";
import { outputsOf, plannedOutputs } from "../terraform/outputs";
import { judgePlan, type PlannedChange, type PlanVerdict, shownAddress } from "../terraform/plan";
import { type PlanScope, type SavedPlan, Terraform } from "../terraform/terraform";
import type { Claim, Platform } from "./platform";

/** What a plan and a look at the machines showed, not yet carried out. */
export interface PlannedDeployment {
  readonly stack: SynthesizedStack;
  readonly plan: SavedPlan;
  readonly verdict: PlanVerdict;
  /** Addresses of what somebody removed behind Terraform's back. */
  readonly missing: readonly string[];
  /** Hosts that do not run. */
  readonly stopped: readonly string[];
  /** Absent: what is there is the state's. */
  readonly claim?: Claim | undefined;
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
  /** Only a part of it. @default - all that differs */
  readonly scope?: PlanScope | undefined;
  /** A plan that was made before, instead of one that is made now. */
  readonly kept?: Buffer | undefined;
  /** Told what is deployed as soon as it is known, while Terraform still plans. */
  readonly onOutputs?: ((outputs: Readonly<Record<string, unknown>>) => void) | undefined;
}

/**
 * Compares a stack with what exists, in Terraform's state and on the cloud itself. Changes nothing.
 *
 * @throws Failure
 */
export async function planDeployment(
  stack: SynthesizedStack,
  platform: Platform | undefined,
  { project, env, scope = {}, kept, onOutputs }: PlanContext,
  progress: Progress,
): Promise<PlannedDeployment> {
  const terraform = new Terraform(stack.directory, env);
  return progress.phase(`Plan ${stack.name}`, async (report) => {
    await terraform.initialize();
    const [first, looked] = await Promise.allSettled([
      kept === undefined ? plan(terraform, scope) : terraform.restore(kept),
      look(terraform, platform, onOutputs),
    ]);
    if (first.status === "rejected") throw first.reason as Error;
    let saved = first.value;
    try {
      if (looked.status === "rejected") throw looked.reason as Error;
      const { state, claim, missing, stopped } = looked.value;
      // What is made anew on purpose, or is no part of it, need not be looked for.
      const sought =
        scope.targets === undefined && kept === undefined
          ? missing.filter((one) => scope.replace?.includes(one) !== true)
          : [];
      if (sought.length > 0) {
        terraform.discard(saved);
        report.detail(`removed by hand: ${missing.map(shownAddress).join(", ")}`);
        saved = await plan(terraform, { ...scope, replace: [...(scope.replace ?? []), ...sought] });
      }
      const shown = saved.changesAnything ? await terraform.show(saved) : undefined;
      const verdict = await judge(shown, missing, platform);
      report.title(`Plan ${stack.name}: ${summaryOf(verdict.changes)}`);
      const outputs = outputsOf(state);
      return {
        stack,
        plan: saved,
        verdict,
        missing,
        stopped,
        claim,
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
async function plan(terraform: Terraform, scope: PlanScope): Promise<SavedPlan> {
  try {
    return await terraform.plan(scope);
  } catch (error) {
    if (!(error instanceof Failure) || error.details.code !== PROTECTED) throw error;
    return terraform.planUnprotected(scope);
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

async function look(
  terraform: Terraform,
  platform: Platform | undefined,
  onOutputs: PlanContext["onOutputs"] = () => undefined,
) {
  const state = await terraform.state();
  onOutputs(outputsOf(state));
  // Whose it is comes first: what is another's has not drifted.
  const [whose, compared] = await Promise.allSettled([platform?.claim(state), platform?.drift(state)]);
  for (const result of [whose, compared]) if (result.status === "rejected") throw result.reason as Error;
  const [claim, drift] = [valueOf(whose), valueOf(compared)];
  return { claim, missing: drift?.missing ?? [], stopped: drift?.stopped ?? [], state };
}

function valueOf<T>(result: PromiseSettledResult<T>): T | undefined {
  return result.status === "fulfilled" ? result.value : undefined;
}

/** Machines that are there without Terraform's knowledge, and would be replaced, are lost as those that it knows. */
async function judge(shown: unknown, missing: readonly string[], platform: Platform | undefined): Promise<PlanVerdict> {
  if (shown === undefined) return { changes: [], losses: [] };
  const { changes, losses } = judgePlan(shown, missing);
  const made = changes.some(({ kind, action }) => kind !== "glue" && action === "create");
  const displaced = made ? ((await platform?.displaced(shown)) ?? []) : [];
  return { changes, losses: [...losses, ...displaced] };
}
