import type { ClusterView } from "../../model/cluster-view";
import type { Remote } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import type { Report } from "../feedback/progress";
import { addApplied, appliedOf } from "./applied";
import { carryOutSteps, type PlannedStep, planSteps, refuseAnother, type StepResult } from "./run-steps";
import type { Step } from "./step/step";
import { StepError } from "./step-error";
import { accounts } from "./steps/accounts";
import { besidesAccounts, bundle } from "./steps/bundle";
import { departures } from "./steps/departures";
import { homeDisk } from "./steps/home-disk";
import { MASTER_STEPS } from "./steps/master-steps";
import { metadataGuard } from "./steps/metadata-guard";
import { owner } from "./steps/owner";
import { slurmAccounts } from "./steps/slurm-accounts";
import { stateDisk } from "./steps/state-disk";
import { usersBundle } from "./steps/users-bundle";

/** All that makes a change of users true. */
const USERS_STEPS: readonly string[] = [accounts, slurmAccounts, departures, usersBundle].map(({ id }) => id);

/** What has to be true before anybody gets an account, and does not become so by a change of users. */
const GROUND: readonly string[] = [metadataGuard, stateDisk, owner, homeDisk].map(({ id }) => id);

/** What configuring would do, divided. */
export interface UsersSteps {
  /** Those that are the users', also where there is nothing to do. */
  readonly own: readonly PlannedStep[];
  /** Others that differ: a change of users leaves them. */
  readonly others: readonly PlannedStep[];
}

/** Looks at all steps of a master in one round trip. Changes nothing. */
export async function planUsersSteps(cluster: ClusterView, master: Remote): Promise<UsersSteps> {
  const plan = await planSteps([...MASTER_STEPS, usersBundle], cluster, master);
  const own = plan.filter(({ step }) => USERS_STEPS.includes(step.id));
  const others = plan
    .filter(({ step }) => !USERS_STEPS.includes(step.id))
    .map((one) => (one.step.id === bundle.id ? { ...one, differences: besidesAccounts(one.differences) } : one))
    .filter(({ differences }) => differences.length > 0);
  return { own, others };
}

/**
 * Refuses a cluster that is another one, or on which accounts would have no ground to stand on.
 *
 * @throws Failure
 */
export function refuseUnready({ own, others }: UsersSteps, master: Remote, stack: string): void {
  refuseAnother(others, master);
  const lacking = others.filter(({ step }) => GROUND.includes(step.id));
  const untold = own.filter(({ before }) => before === null);
  if (lacking.length + untold.length === 0) return;
  throw new Failure("failed", `the cluster is not configured, or not as it should be: nobody gets an account on it`, {
    code: "users.unconfigured",
    remedy: `ohpc up ${stack} makes it what it should be, with the users of the file`,
    output: [...lacking, ...untold].map(({ step, differences }) => `${step.title}: ${differences[0] ?? ""}`),
  });
}

/**
 * Carries out the users' own steps.
 *
 * @returns what was done, and, as `late`, that somebody who goes could not be removed: that keeps nobody else from coming
 * @throws StepError
 */
export async function carryOutUsersSteps(
  { own, others }: UsersSteps,
  cluster: ClusterView,
  master: Remote,
  report: Pick<Report, "detail">,
): Promise<{ readonly changed: readonly StepResult[]; readonly late?: StepError }> {
  try {
    const result = await carryOutSteps(own, master, (event) => {
      if (event.kind === "applying") report.detail(event.step.title);
    });
    // Of the bundle only if nothing else of it is still to come.
    const whole = others.some(({ step }) => step.id === bundle.id) ? [] : [bundle];
    if (result.changed.length > 0)
      await addApplied(master, appliedOf([accounts, slurmAccounts, departures, ...whole] as readonly Step[], cluster));
    return result;
  } catch (error) {
    if (error instanceof StepError && error.step === departures.id) return { changed: [], late: error };
    throw error;
  }
}
