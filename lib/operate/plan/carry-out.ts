import { Duration } from "../../units";
import { hostKeySource } from "../access/host-key-source";
import { forgetHostKeys, pinMaster } from "../access/host-keys";
import { masterAnswers, masterOf } from "../access/master";
import { type Deployment, deploymentOf } from "../cluster/deployment";
import type { ChangeConsent } from "../configure/change-consent";
import { configurePhase, type StepsPhase } from "../configure/phase";
import type { StepResult } from "../configure/run-steps";
import { applyDeployment } from "../deploy/apply-deployment";
import { introduceMachines } from "../deploy/introduce";
import type { Progress } from "../feedback/progress";
import { nodesOf } from "../hosts/nodes";
import { nodesReady, type Readiness } from "../scheduler/ready";
import { machinesIn, type PlannedChange } from "../terraform/plan";
import { configureNew, HeadStart, type HeadStartOptions } from "./head-start";
import type { PreparedStack } from "./prepare-stack";
import { replaceInBatches } from "./replace-in-batches";

export interface CarryOutOptions extends ChangeConsent {
  readonly env: NodeJS.ProcessEnv;
  readonly takeOver?: boolean | undefined;
  readonly limit?: Duration | undefined;
  /** How many nodes are made anew at a time. @default - all */
  readonly batch?: number | undefined;
}

export interface CarriedOut {
  readonly deployment: Deployment;
  readonly changes: readonly PlannedChange[];
  readonly started: readonly string[];
  readonly configured: readonly StepResult[];
  /** Machines that were there before, and did not know their cluster yet. */
  readonly introduced: readonly string[];
  readonly readiness: Readiness;
}

/**
 * Deploys what was planned and agreed to, configures the cluster, and waits until every node has answered.
 *
 * @throws Failure
 */
export async function carryOut(
  prepared: PreparedStack,
  options: CarryOutOptions,
  progress: Progress,
): Promise<CarriedOut> {
  const { project, stack, platform } = prepared;
  const { env, consenter, command, agreed } = options;
  const limit = options.limit ?? platform?.patience ?? Duration.minutes(30);
  const { planned, replaced } = await replaceInBatches(prepared, { ...options, limit }, progress);
  const work: HeadStartOptions["work"] = async (made, goesOn, onEvent) =>
    configureNew(made, goesOn, { command, limit, onEvent });
  const headStart = HeadStart.of(planned, { project, env, work });
  const { outputs, started, failure } = await headStart.during(async (onEvent) =>
    applyDeployment(planned, { env, consenter, platform, command, agreed, onEvent }, progress),
  );
  for (const { kind, name: host } of planned.verdict.losses) if (kind === "machine") agreed.add(`node ${host}`);
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
    (await headStart.finish(deployment, progress)) ?? (await configurePhase(deployment, master, options, progress));
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
    changes: [...replaced, ...planned.verdict.changes],
    started,
    configured: changed,
    introduced,
    readiness,
  };
}
