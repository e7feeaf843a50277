import { isDeepStrictEqual } from "node:util";
import type { ClusterView } from "../../model/cluster-view";
import type { Manifest } from "../../model/manifest";
import { pinMasterFromConsole } from "../access/host-keys";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import { type MasterAccess, manifestIn, masterAccessIn } from "../access/master-access";
import { firstConfigure, lookAtMaster } from "../configure/configure";
import { type Consequences, consequencesOf } from "../configure/consequences";
import { refuseMovedDefault } from "../configure/default-partition";
import type { PlannedStep } from "../configure/run-steps";
import { StepError } from "../configure/step-error";
import type { PlannedDeployment } from "../deploy/deployment-plan";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import { NOW } from "../feedback/treatment";
import { inSpiteOfDamage } from "../scheduler/in-spite-of-damage";
import { type JobsSeen, jobsSeen, withNames } from "../scheduler/jobs";
import type { Project } from "../stack/project";
import { specOf } from "../stack/spec";
import type { SynthesizedStack } from "../stack/synthesis";
import { UNKNOWN_YET } from "../terraform/outputs";
import { machinesIn } from "../terraform/plan";
import { planStakes } from "./plan-stakes";

/** What the master would have to do, and which jobs it has. */
export interface Ahead {
  /** Of what is deployed now; absent: nothing is. */
  readonly access: MasterAccess | undefined;
  /** As it is wanted, as far as it is known before Terraform has worked. */
  readonly cluster: ClusterView | undefined;
  /** Absent: nobody could look. */
  readonly steps: readonly PlannedStep[] | undefined;
  /** Ids of steps whose state somebody has changed by hand. */
  readonly byHand: readonly string[];
  readonly consequences: Consequences | undefined;
  readonly seen: JobsSeen;
  /** Why nobody could look. */
  readonly unknown: readonly string[];
}

/**
 * Looks at the master as it will be configured once a deployment's plan is carried out. Changes nothing. Where there is no
 * master yet, what it will be is told by the manifest that the plan shows.
 *
 * @throws Failure of kind `usage` for what no consent allows
 */
export async function lookAhead(planned: PlannedDeployment, env: NodeJS.ProcessEnv, early?: EarlyLook): Promise<Ahead> {
  const { access, stack, verdict } = planned;
  const manifest = plannedManifest(planned);
  const cluster = manifest === undefined ? undefined : { spec: specOf(stack), manifest };
  const nothing: Ahead = {
    access,
    cluster,
    steps: undefined,
    byHand: [],
    consequences: undefined,
    seen: { jobs: [] },
    unknown:
      cluster === undefined ? ["what Terraform's plan does not know yet, Slurm's files cannot be told from"] : [],
  };
  if (access === undefined) {
    return cluster === undefined ? nothing : { ...nothing, steps: firstConfigure(cluster) };
  }
  const master = masterOf(access, MASTER_PATIENCE);
  const goes = machinesIn(verdict.changes, ["replace", "create"]).includes(access.manifest.master.host);
  const isEarly = early !== undefined && isDeepStrictEqual(early.cluster.manifest, cluster?.manifest);
  const [looked, seen] = await (isEarly ? early.result : lookAtBoth(access, cluster, env));
  if (cluster === undefined || looked === undefined)
    return { ...nothing, seen: await named(seen, planned, undefined, master) };
  if ("unknown" in looked) {
    return { ...nothing, seen: await named(seen, planned, undefined, master), unknown: [looked.unknown] };
  }
  const { steps, byHand } = looked;
  refuseMovedDefault(steps, cluster);
  const consequences = consequencesOf(steps, cluster);
  const after = consequences?.slurm?.after;
  // No program of Slurm's works with a slurm.conf that was damaged by hand, and slurmctld runs on.
  const controller = after === undefined ? master : inSpiteOfDamage(master, after);
  const again = "unknown" in seen ? await jobsSeen(controller) : seen;
  const unknown = goes ? ["the master is made anew: what else has to be done on it is known when it is there"] : [];
  return {
    access,
    cluster,
    steps,
    byHand,
    consequences,
    seen: await named(again, planned, consequences, controller),
    unknown,
  };
}

/** The same jobs; those that are hit with what their users called them, as far as they are shown. */
async function named(
  seen: JobsSeen,
  { verdict, access }: PlannedDeployment,
  consequences: Consequences | undefined,
  master: Remote,
): Promise<JobsSeen> {
  if ("unknown" in seen) return seen;
  const { losses } = verdict;
  const { hits } = planStakes({ losses, manifest: access?.manifest, consequences, seen, treatment: NOW });
  const shown = hits.map(({ job }) => job);
  return { ...seen, jobs: await withNames(master, seen.jobs, shown) };
}

/** A look that was begun before it was known that nothing of the machines changes. */
export interface EarlyLook {
  readonly cluster: ClusterView;
  readonly result: ReturnType<typeof lookAtBoth>;
}

/** Begins to look at a cluster as it is deployed now; absent where nothing is. */
export function lookEarly(
  outputs: Readonly<Record<string, unknown>>,
  { stack, project }: { readonly stack: SynthesizedStack; readonly project: Pick<Project, "directory"> },
  env: NodeJS.ProcessEnv,
): EarlyLook | undefined {
  const access = masterAccessIn(outputs, stack, project, env);
  if (access === undefined) return undefined;
  const cluster = { spec: specOf(stack), manifest: access.manifest };
  const result = lookAtBoth(access, cluster, env);
  // Told where it is asked for, if it ever is.
  result.catch(() => undefined);
  return { cluster, result };
}

async function lookAtBoth(access: MasterAccess, cluster: ClusterView | undefined, env: NodeJS.ProcessEnv) {
  await pinMasterFromConsole(access, env);
  const master = masterOf(access, MASTER_PATIENCE);
  return Promise.all([cluster === undefined ? undefined : lookAt(cluster, master), jobsSeen(master)]);
}

/** What will be, as far as the plan knows it; whose it is, stays. */
function plannedManifest({ planned, access }: PlannedDeployment): Manifest | undefined {
  const manifest = manifestIn(planned);
  if (manifest?.owner !== UNKNOWN_YET || access === undefined) return manifest;
  return access.manifest.owner === undefined ? undefined : { ...manifest, owner: access.manifest.owner };
}

/** Why nothing can be told is no reason to do nothing: `up` starts what is stopped. */
async function lookAt(
  cluster: ClusterView,
  master: Remote,
): Promise<Awaited<ReturnType<typeof lookAtMaster>> | { readonly unknown: string }> {
  try {
    return await lookAtMaster(cluster, master);
  } catch (error) {
    const told = "what configure would do cannot be told";
    // Whoever cannot look at one thing must not hide what it is.
    if (error instanceof StepError && error.kind !== "unreachable") throw error;
    if (error instanceof RemoteError) return { unknown: `${error.host} does not answer: ${told}` };
    if (error instanceof Failure) return { unknown: `${error.message}: ${told}` };
    throw error;
  }
}
