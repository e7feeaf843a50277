import { isDeepStrictEqual } from "node:util";
import type { ClusterView } from "../../model/cluster-view";
import type { HoldingRemote, Remote } from "../exec/remote/remote";
import { lockMaster, lockOwner } from "../lock/lock";
import { appliedOf, changedByHand, readApplied, writeApplied } from "./applied";
import { refuseMovedDefault } from "./default-partition";
import { type PlannedStep, planSteps, runSteps, type RunStepsOptions, type StepsResult } from "./run-steps";
import { MASTER_STEPS } from "./steps/master-steps";
import { ownerFile } from "./steps/owner";

export interface ConfigureOptions extends RunStepsOptions {
  /** What other operators are told who find the master locked. @default "ohpc configure" */
  readonly command?: string;
  /** Makes a cluster this state's that another state has made. */
  readonly takeOver?: boolean | undefined;
}

/**
 * Turns machines into a cluster, by what is done on the master alone: nodes fetch the rest and look after themselves, so
 * the work does not grow with them. Run again, it goes on where it was; with nothing to do it looks once and changes nothing.
 *
 * @throws StepError
 * @throws Failure of kind `busy` when another ohpc is at work, of kind `usage` if jobs would go to another default partition
 */
export async function configure(
  cluster: ClusterView,
  master: HoldingRemote,
  { command = "ohpc configure", takeOver = false, onPlan, ...options }: ConfigureOptions = {},
): Promise<StepsResult> {
  const lock = await lockMaster(cluster.manifest.cluster, master, lockOwner(command));
  try {
    if (takeOver) await master.run(FORGET_OWNER, { args: [ownerFile(cluster.manifest)] });
    const [result, before] = await Promise.all([
      runSteps(MASTER_STEPS, cluster, master, {
        ...options,
        onPlan: async (plan) => {
          refuseMovedDefault(plan, cluster);
          await onPlan?.(plan);
        },
      }),
      readApplied(master).catch(() => ({})),
    ]);
    const applied = appliedOf(MASTER_STEPS, cluster);
    if (!isDeepStrictEqual(before, applied)) await writeApplied(master, applied);
    return result;
  } finally {
    await lock.release();
  }
}

const FORGET_OWNER = 'rm -f -- "$1"';

/** What `configure` would do, and with which effect on the running cluster. Changes nothing, locks nothing. */
export async function planConfigure(cluster: ClusterView, master: Remote): Promise<readonly PlannedStep[]> {
  return planSteps(MASTER_STEPS, cluster, master);
}

/** The same, and what of it somebody has changed by hand: ids of steps. */
export async function lookAtMaster(
  cluster: ClusterView,
  master: Remote,
): Promise<{ readonly steps: readonly PlannedStep[]; readonly byHand: readonly string[] }> {
  const [steps, applied] = await Promise.all([planConfigure(cluster, master), readApplied(master)]);
  return { steps, byHand: changedByHand(steps, applied) };
}

/** What `configure` would do on a master where nothing is yet. Pure. */
export function firstConfigure(cluster: ClusterView): readonly PlannedStep[] {
  return MASTER_STEPS.map((step) => ({
    step,
    before: null,
    after: step.desired(cluster),
    differences: ["nothing is there yet"],
    effect: "live",
  }));
}
