import { Duration } from "../../units";
import { hostKeySource } from "../access/host-key-source";
import { forgetHostKeys, pinMaster, pinMasterFromConsole } from "../access/host-keys";
import { MASTER_PATIENCE, masterAnswers, masterOf } from "../access/master";
import { manifestIn } from "../access/master-access";
import { type Deployment, deploymentOf } from "../cluster/deployment";
import { lookAtStakes } from "../configure/change-consent";
import { planConfigure } from "../configure/configure";
import { consequencesOf, type Stakes } from "../configure/consequences";
import { configurePhase, type StepsPhase } from "../configure/phase";
import type { StepResult } from "../configure/run-steps";
import { applyDeployment } from "../deploy/apply-deployment";
import { planDeployment, type PlannedDeployment } from "../deploy/deployment-plan";
import { introduceMachines } from "../deploy/introduce";
import type { Platform } from "../deploy/platform";
import { RemoteError } from "../exec/remote/remote";
import type { Consenter } from "../feedback/consent";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { type PhaseTime, TimedProgress } from "../feedback/timed-progress";
import { nodesOf } from "../hosts/nodes";
import { withCommandLock } from "../lock/command-lock";
import { nodesReady, type Readiness } from "../scheduler/ready";
import { findProject, type Place } from "../stack/project";
import { specOf } from "../stack/spec";
import { readSynthesis, stackNamed, synthesize, type SynthesizedStack, withDependencies } from "../stack/synthesis";
import { machinesIn, type PlannedChange } from "../terraform/plan";
import { configureNew, HeadStart, type HeadStartOptions } from "./head-start";

export interface UpOptions {
  readonly stack: string;
  readonly place: Place;
  readonly consenter: Consenter;
  readonly platformFor: (stack: SynthesizedStack) => Platform | undefined;
  /** Makes a cluster this state's that another state has made. */
  readonly takeOver?: boolean;
  /** How long nodes may take until they are ready. @default 30 minutes; 2 on local clusters from the node image */
  readonly limit?: Duration;
}

/** A cluster that is up. */
export interface UpResult {
  readonly deployment: Deployment;
  readonly changes: readonly PlannedChange[];
  readonly started: readonly string[];
  readonly configured: readonly StepResult[];
  /** Machines that were there before, and did not know their cluster yet. */
  readonly introduced: readonly string[];
  readonly readiness: Readiness;
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
  const { stack: name, place, consenter, platformFor } = options;
  const { env } = place;
  const command = `ohpc up ${name}${options.takeOver === true ? " --take-over" : ""}`;
  const progress = new TimedProgress(shown);
  const project = findProject(place.cwd, env);
  return withCommandLock(env, command, async (commandLock) => {
    // Whoever is second learns it before the app has run, if it ever did.
    const known = readSynthesis(project)?.stacks.find((stack) => stack.name === name);
    if (known !== undefined) await commandLock.lockCluster(known);
    await commandLock.lockOutput(project);
    const synthesis = await progress.phase("Synthesize", async () => synthesize(project, env, name));
    const stack = stackNamed(synthesis, name);
    stack.warnings.forEach((warning) => {
      progress.note(warning);
    });
    await commandLock.lockCluster(stack);

    const needed = withDependencies(synthesis, stack).slice(0, -1);
    for (const dependency of needed) {
      const planned = await planDeployment(dependency, undefined, { project, env }, progress);
      await applyDeployment(planned, { env, consenter, command }, progress);
    }
    const platform = platformFor(stack);
    const planned = await planDeployment(stack, platform, { project, env }, progress);
    // What is carried out is in the plan's file; the app may run again.
    await commandLock.releaseOutput();
    tellMissing(planned, progress);
    const consent = { consenter, command, agreed: new Set<string>() };
    const stakes = consenter.yes ? undefined : await stakesAhead(planned, env);
    const limit = options.limit ?? platform?.patience ?? Duration.minutes(30);
    const work: HeadStartOptions["work"] = async (made, goesOn) => configureNew(made, goesOn, { command, limit });
    const headStart = HeadStart.of(planned, { project, env, work });
    const { outputs, started, failure } = await headStart.during(async (onEvent) =>
      applyDeployment(planned, { env, consenter, platform, command, afterwards: stakes?.lines, onEvent }, progress),
    );
    for (const scope of stakes?.scopes ?? []) consent.agreed.add(scope);
    for (const { kind, name: host } of planned.verdict.losses)
      if (kind === "machine") consent.agreed.add(`node ${host}`);
    if (started.length > 0)
      progress.note(`${started.join(", ")} had stopped, and ${started.length === 1 ? "was" : "were"} started`);

    const deployment = deploymentOf(project, stack, outputs, env);
    forgetHostKeys(deployment, machinesIn(planned.verdict.changes, ["create", "replace"]));
    const master = masterOf(deployment, limit);
    await pinMaster(deployment, hostKeySource(deployment.manifest, env), progress, { limit });
    if (planned.plan.changesAnything || started.length > 0) {
      await progress.phase("Master answers", async () => masterAnswers(deployment, limit));
    }
    const { changed, late }: StepsPhase =
      (await headStart.finish(deployment, progress)) ??
      (await configurePhase(deployment, master, { ...consent, takeOver: options.takeOver }, progress));
    const introduced = await introduceMachines(deployment, progress);
    const waking = nodesOf(deployment.manifest).flatMap(({ host }) => (failure?.hosts.includes(host) ? [] : [host]));
    const readiness = await progress.phase("Nodes ready", async (report) =>
      nodesReady(master, deployment, limit, report, waking).catch((error: unknown) => {
        throw failure ?? error;
      }),
    );
    for (const { node, reason } of readiness.drained) progress.note(`${node} is drained: ${reason}`);
    // What cannot be had must not keep the others from working: it is told at the end.
    if (failure !== undefined) throw failure;
    if (late !== undefined) throw late;
    return {
      deployment,
      changes: planned.verdict.changes,
      started,
      configured: changed,
      introduced,
      readiness,
      phases: progress.phases,
      seconds: progress.seconds,
    };
  });
}

/**
 * What configuring would take from users and jobs once the plan is applied, so that all is asked at once, before anything is
 * changed. Where the master does not answer, or the plan does not know the machines yet, it is asked before slurm.conf or
 * an account is touched.
 */
async function stakesAhead(
  { plan, planned, access, stack, verdict }: PlannedDeployment,
  env: NodeJS.ProcessEnv,
): Promise<Stakes | undefined> {
  const manifest = manifestIn(planned);
  if (!plan.changesAnything || access === undefined || manifest === undefined) return undefined;
  const cluster = { spec: specOf(stack), manifest };
  try {
    await pinMasterFromConsole(access, env);
    const master = masterOf(access, MASTER_PATIENCE);
    const consequences = consequencesOf(await planConfigure(cluster, master), cluster);
    if (consequences === undefined) return undefined;
    return await lookAtStakes(consequences, master, new Set(machinesIn(verdict.losses, ["replace", "delete"])));
  } catch (error) {
    if (error instanceof Failure || error instanceof RemoteError) return undefined;
    throw error;
  }
}

function tellMissing({ verdict, missing }: PlannedDeployment, progress: Progress): void {
  for (const { name } of verdict.changes.filter(({ address }) => missing.includes(address))) {
    progress.note(`${name} had been removed by hand: it is made again`);
  }
}
