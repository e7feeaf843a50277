import type { Effect } from "../../slurm/effects";
import type { Duration } from "../../units";
import { applyDeployment } from "../deploy/apply-deployment";
import type { Platform } from "../deploy/platform";
import type { Consenter } from "../feedback/consent";
import type { Progress } from "../feedback/progress";
import { type PhaseTime, TimedProgress } from "../feedback/timed-progress";
import { NOW, typedTreatment } from "../feedback/treatment";
import { withCommandLock } from "../lock/command-lock";
import { type CarriedOut, carryOut } from "../plan/carry-out";
import { agreeToChanges } from "../plan/agree";
import { prepareStack } from "../plan/prepare-stack";
import type { Place } from "../stack/project";
import type { SynthesizedStack } from "../stack/synthesis";

export interface UpOptions {
  readonly stack: string;
  readonly place: Place;
  readonly consenter: Consenter;
  readonly platformFor: (stack: SynthesizedStack) => Platform | undefined;
  /** Makes a cluster this state's that another state has made. */
  readonly takeOver?: boolean | undefined;
  /** How long nodes may take until they are ready. @default 30 minutes; 2 on local clusters from the node image */
  readonly limit?: Duration | undefined;
  /** What may be done to the running cluster at most. @default - anything that somebody agrees to */
  readonly maxEffect?: Effect | undefined;
  /** How many nodes are made anew at a time. @default - all */
  readonly batch?: number | undefined;
}

/** A cluster that is up. */
export interface UpResult extends CarriedOut {
  readonly phases: readonly PhaseTime[];
  readonly seconds: number;
}

/**
 * Makes a stack a cluster that works: synthesizes, deploys, configures, and waits until every node has answered.
 * Run again, it does what is left to be done.
 *
 * @throws Failure
 */
export async function up(options: UpOptions, shown: Progress): Promise<UpResult> {
  const { place, consenter, batch, limit, maxEffect, takeOver } = options;
  const { env } = place;
  const command = upCommand(options);
  const progress = new TimedProgress(shown);
  return withCommandLock(env, command, async (commandLock) => {
    const prepared = await prepareStack(
      {
        ...options,
        commandLock,
        onDependency: async (dependency) => {
          await applyDeployment(dependency, { env, consenter, command }, progress);
        },
      },
      progress,
    );
    const agreed = await agreeToChanges(prepared, { env, consenter, command, maxEffect, batch }, progress);
    const done = await carryOut(
      prepared,
      { env, consenter, command, agreed, maxEffect, batch, limit, takeOver },
      progress,
    );
    return { ...done, phases: progress.phases, seconds: progress.seconds };
  });
}

/** As it would be typed. */
export function upCommand({
  stack,
  consenter,
  takeOver,
  batch,
  maxEffect,
}: Pick<UpOptions, "stack" | "consenter" | "takeOver" | "batch" | "maxEffect">): string {
  return [
    `ohpc up ${stack}`,
    ...(takeOver === true ? ["--take-over"] : []),
    ...typedTreatment(consenter.treatment ?? NOW),
    ...(batch === undefined ? [] : [`--batch ${batch}`]),
    ...(maxEffect === undefined ? [] : [`--max-effect "${maxEffect}"`]),
  ].join(" ");
}
