import type { Effect } from "../../slurm/effects";
import type { Platform } from "../deploy/platform";
import { refuseStronger } from "../feedback/max-effect";
import type { Progress } from "../feedback/progress";
import { NOW, type Treatment } from "../feedback/treatment";
import { withCommandLock } from "../lock/command-lock";
import { discardPlan } from "../plan/agree";
import type { ChangePlan } from "../plan/change-plan";
import { deploymentChanges } from "../plan/deployment-changes";
import { effectsIn } from "../plan/effects-in";
import { type EarlyLook, lookAhead, lookEarly } from "../plan/look-ahead";
import { writePlanFile } from "../plan/plan-file";
import { prepareStack } from "../plan/prepare-stack";
import type { Place } from "../stack/project";
import type { SynthesizedStack } from "../stack/synthesis";
import { upCommand } from "./up";

export interface PlanOptions {
  readonly stack: string;
  readonly place: Place;
  readonly platformFor: (stack: SynthesizedStack) => Platform | undefined;
  /** What would be done with jobs that are in the way. @default now */
  readonly treatment?: Treatment | undefined;
  readonly takeOver?: boolean | undefined;
  readonly maxEffect?: Effect | undefined;
  readonly batch?: number | undefined;
  /** Where the plan is written to, for `ohpc apply`. @default - nowhere */
  readonly out?: string | undefined;
}

/** What `ohpc up` would do. */
export interface Planned {
  readonly plan: ChangePlan;
  /** The plan's file, if one was written. */
  readonly file?: string | undefined;
}

/**
 * What `ohpc up` would do, and whom it would hit: Terraform's part and the master's. Changes nothing.
 *
 * @throws Failure
 */
export async function planStack(options: PlanOptions, progress: Progress): Promise<Planned> {
  const { place, stack: name, treatment = NOW, maxEffect, takeOver, batch, out } = options;
  const command = upCommand({ stack: name, consenter: { yes: false, treatment }, takeOver, batch, maxEffect });
  return withCommandLock(place.env, `ohpc plan ${name}`, async (commandLock) => {
    const first: string[] = [];
    let early: EarlyLook | undefined;
    const prepared = await prepareStack(
      {
        ...options,
        commandLock,
        onOutputs: (outputs, where) => (early = lookEarly(outputs, where, place.env)),
        onDependency: async (dependency) => {
          const { changes } = dependency.verdict;
          if (dependency.plan.changesAnything) first.push(`${dependency.stack.name} (${changes.length} changes)`);
          discardPlan(dependency);
          return Promise.resolve();
        },
      },
      progress,
    );
    try {
      const ahead = await progress.phase("Look at the cluster", async () =>
        lookAhead(prepared.planned, place.env, early),
      );
      const { plan } = deploymentChanges(prepared.planned, ahead, { command, treatment, batch });
      refuseStronger(effectsIn(plan), maxEffect);
      const whole: ChangePlan = {
        ...plan,
        order: [...first.map((one) => `the stack ${one}, which this one needs`), ...plan.order],
      };
      if (out === undefined) return { plan: whole };
      const file = await writePlanFile(out, { prepared, ahead, plan: whole, options, env: place.env });
      return { plan: whole, file };
    } finally {
      discardPlan(prepared.planned);
    }
  });
}
