import type { Effect } from "../../slurm/effects";
import { Duration } from "../../units";
import { hostKeySource } from "../access/host-key-source";
import { pinMaster } from "../access/host-keys";
import { masterOf } from "../access/master";
import { openDeployment, refuseUndeployed } from "../cluster/deployment";
import { configurePhase } from "../configure/phase";
import type { StepsResult } from "../configure/run-steps";
import { introduceMachines } from "../deploy/introduce";
import type { Consenter } from "../feedback/consent";
import type { Progress } from "../feedback/progress";
import { NOW, typedTreatment } from "../feedback/treatment";
import { withCommandLock } from "../lock/command-lock";
import type { Place } from "../stack/project";
import { changedSources } from "../stack/sources";

/** A machine that was just made may not be listening yet. */
const FIRST_CONTACT = Duration.minutes(2);

export interface Configured extends StepsResult {
  readonly cluster: string;
  /** Machines that were there before, and heard of the cluster now. */
  readonly introduced: readonly string[];
  /** Files of the project that the stack was synthesized from, and that have changed since: only `ohpc up` takes them. */
  readonly stale: readonly string[];
}

export interface ConfigureStackOptions {
  readonly stack: string;
  readonly place: Place;
  readonly consenter: Consenter;
  /** What may be done to the running cluster at most. @default - anything that somebody agrees to */
  readonly maxEffect?: Effect | undefined;
}

/**
 * Makes the machines of a stack that is deployed a cluster, as it was last synthesized. Asks before users go, or jobs end.
 *
 * @throws Failure, e.g. of kind `consent`, or if the stack was synthesized anew and not deployed since
 */
export async function configureStack(
  { stack, place, consenter, maxEffect }: ConfigureStackOptions,
  progress: Progress,
): Promise<Configured> {
  const command = [`ohpc configure ${stack}`, ...typedTreatment(consenter.treatment ?? NOW)].join(" ");
  return withCommandLock(place.env, command, async (commandLock) => {
    const deployment = await openDeployment(stack, place);
    refuseUndeployed(deployment);
    await commandLock.lockCluster(deployment.stack);
    await pinMaster(deployment, hostKeySource(deployment.manifest, place.env), progress, { limit: FIRST_CONTACT });
    const consent = { consenter, command, maxEffect, agreed: new Set<string>() };
    const { late, ...result } = await configurePhase(deployment, masterOf(deployment), consent, progress);
    const introduced = await introduceMachines(deployment, progress);
    if (late !== undefined) throw late;
    const stale = changedSources(deployment.project, deployment.stack);
    return { cluster: deployment.spec.cluster, ...result, introduced, stale };
  });
}
