import { rmSync } from "node:fs";
import type { Effect } from "../../slurm/effects";
import type { PlannedDeployment } from "../deploy/deployment-plan";
import { agree, type Consenter } from "../feedback/consent";
import { refuseStronger } from "../feedback/max-effect";
import type { Progress } from "../feedback/progress";
import { NOW } from "../feedback/treatment";
import { refuseUncovered } from "../scheduler/treated";
import { deploymentChanges } from "./deployment-changes";
import { effectsIn } from "./effects-in";
import { lookAhead } from "./look-ahead";
import type { PreparedStack } from "./prepare-stack";
import { settleAhead } from "./settle-ahead";

export interface AgreeOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly consenter: Consenter;
  readonly command: string;
  readonly maxEffect?: Effect | undefined;
  readonly batch?: number | undefined;
}

/**
 * Asks once about all that a deployment and what is configured then would take, before anything is changed; then jobs come to
 * their end, where they are waited for. Where Terraform has nothing to do, all of it is asked about when the master is looked
 * at. Where the master does not answer, or the plan does not know the machines yet, so is the master's part.
 *
 * @returns the scopes that somebody agreed to lose
 * @throws Failure of kind `consent`; then nothing is changed
 */
export async function agreeToChanges(
  { planned, stack }: PreparedStack,
  { env, consenter, command, maxEffect, batch }: AgreeOptions,
  progress: Progress,
): Promise<Set<string>> {
  const agreed = new Set<string>();
  if (!planned.plan.changesAnything) return agreed;
  try {
    const { treatment = NOW } = consenter;
    const ahead = await lookAhead(planned, env);
    const { plan, stakes } = deploymentChanges(planned, ahead, { command, treatment, batch });
    refuseStronger(effectsIn(plan), maxEffect);
    refuseUncovered(plan.uncovered, treatment);
    if (plan.asks.length > 0) await agree(consenter, plan.asks, `Change ${stack.name} like this?`, `${command} --yes`);
    for (const scope of plan.scopes) agreed.add(scope);
    await settleAhead(ahead, planned.verdict.losses, stakes, { treatment, command }, progress);
    return agreed;
  } catch (error) {
    discardPlan(planned);
    throw error;
  }
}

/** Terraform's plan holds all values in clear text: what is not carried out is not kept. */
export function discardPlan({ plan }: Pick<PlannedDeployment, "plan">): void {
  rmSync(plan.file, { force: true });
}
