import { isDeepStrictEqual } from "node:util";
import { privateDirectory } from "../../model/private-directory";
import type { Duration } from "../../units";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import { masterAccessIn } from "../access/master-access";
import { planDeployment, type PlannedDeployment } from "../deploy/deployment-plan";
import type { Platform } from "../deploy/platform";
import { Failure } from "../feedback/failure";
import { refuseStronger } from "../feedback/max-effect";
import type { Progress } from "../feedback/progress";
import { TimedProgress } from "../feedback/timed-progress";
import { withCommandLock } from "../lock/command-lock";
import { discardPlan } from "../plan/agree";
import { rememberApplied, wasApplied } from "../plan/applied-plans";
import { carryOut } from "../plan/carry-out";
import type { ChangePlan } from "../plan/change-plan";
import { deploymentChanges } from "../plan/deployment-changes";
import { effectsIn } from "../plan/effects-in";
import { lookAhead } from "../plan/look-ahead";
import { definitionOf, folderOf, type ReadPlan, readPlanFile, seenOf, stepsSeen, treatmentOf } from "../plan/plan-file";
import { settleAhead } from "../plan/settle-ahead";
import { findProject, type Place, type Project } from "../stack/project";
import { specOf } from "../stack/spec";
import { stackNamed, synthesize, type SynthesizedStack } from "../stack/synthesis";
import { outputsOf } from "../terraform/outputs";
import { Terraform } from "../terraform/terraform";
import type { UpResult } from "./up";
import { refuseUncovered } from "../scheduler/treated";

export interface ApplyOptions {
  /** Path of a file that `ohpc plan --out` wrote. */
  readonly file: string;
  readonly place: Place;
  readonly platformFor: (stack: SynthesizedStack, takeOver?: boolean) => Platform | undefined;
  readonly limit?: Duration | undefined;
  readonly maxEffect?: ChangePlan["effect"] | undefined;
}

export interface Applied {
  readonly stack: string;
  /** Absent: the file was applied before, and nothing was done. */
  readonly up?: UpResult;
}

/**
 * Carries out exactly what a plan file says: who wrote and read it has agreed to it. It asks nobody.
 *
 * @throws Failure of kind `usage` telling what has moved since: the spec, Terraform's state, or the cluster
 */
export async function applyPlanFile(options: ApplyOptions, shown: Progress): Promise<Applied> {
  const { place, file, maxEffect } = options;
  const { env } = place;
  const read = readPlanFile(file);
  const { content } = read;
  const command = `ohpc apply ${file}`;
  const progress = new TimedProgress(shown);
  return withCommandLock(env, command, async (commandLock) => {
    const project = findProject(place.cwd, env);
    await commandLock.lockOutput(project);
    const synthesis = await progress.phase("Synthesize", async () => synthesize(project, env, content.stack));
    const stack = stackNamed(synthesis, content.stack);
    await commandLock.lockCluster(stack);
    const platform = options.platformFor(stack, content.takeOver);
    const opened = await progress.phase("Compare with the plan", async () => compareState(read, project, stack, env));
    if (opened === "applied") return { stack: stack.name };

    const kept = content.terraform.plan === undefined ? undefined : Buffer.from(content.terraform.plan, "base64");
    const planned = await planDeployment(stack, platform, { project, env, kept }, progress);
    await commandLock.releaseOutput();
    try {
      const treatment = treatmentOf(content);
      const { batch, takeOver } = content;
      const ahead = await progress.phase("Look at the cluster", async () => lookAhead(planned, env));
      refuseMoved(read, planned, ahead.steps);
      const { plan, stakes } = deploymentChanges(planned, ahead, { command, treatment, batch });
      refuseStronger(effectsIn(plan), maxEffect ?? content.maxEffect);
      refuseUncovered(plan.uncovered, treatment);
      const agreed = new Set(content.plan.scopes);
      const fresh = plan.scopes.filter((scope) => !agreed.has(scope));
      if (fresh.length > 0) {
        throw new Failure("consent", "this would take more than the plan says; nothing was changed", {
          code: "plan.more",
          cause: `nobody has agreed to ${fresh.join(", ")}`,
          remedy: planAgain(stack.name),
          output: plan.asks,
        });
      }
      const consent = { consenter: { yes: false, treatment }, command, again: planAgain(stack.name), agreed };
      await settleAhead(ahead, planned.verdict.losses, stakes, { treatment, command }, progress);
      const done = await carryOut(
        { project, stack, platform, planned },
        { ...consent, env, maxEffect: maxEffect ?? content.maxEffect, batch, limit: options.limit, takeOver },
        progress,
      );
      await rememberApplied(read.id, done.deployment, masterOf(done.deployment));
      return { stack: stack.name, up: { ...done, phases: progress.phases, seconds: progress.seconds } };
    } finally {
      discardPlan(planned);
    }
  });
}

/**
 * Whether the file was made of this definition and this state.
 *
 * @throws Failure
 */
async function compareState(
  { content, id, path }: ReadPlan,
  project: Pick<Project, "directory">,
  stack: SynthesizedStack,
  env: NodeJS.ProcessEnv,
): Promise<"applied" | "same"> {
  const terraform = new Terraform(stack.directory, env);
  await terraform.initialize();
  const { backend, state, folder } = content.terraform;
  if (terraform.backend() !== backend) {
    throw moved(
      stack.name,
      "plan.spec-moved",
      `its state is kept by ${terraform.backend()} now, and was by ${backend}`,
    );
  }
  const outputs = outputsOf(await terraform.state());
  const access = masterAccessIn(outputs, stack, project, env);
  const where = { privateDirectory: access?.privateDirectory ?? privateDirectory(specOf(stack).cluster, env) };
  const master = access === undefined ? undefined : masterOf(access, MASTER_PATIENCE);
  if (await wasApplied(id, where, master)) return "applied";
  if (folder !== undefined && folder !== folderOf(stack)) {
    throw new Failure("usage", `${path} was made in another folder, whose state is a file there`, {
      code: "plan.local-state",
      cause: "here, Terraform knows nothing of what it is about",
      remedy:
        "apply it where it was made; or keep the state where both can reach it (a Terraform backend: s3, azurerm, http …), and make the plan again",
    });
  }
  const now = definitionOf(stack);
  const differs = [
    ...(now.definition === content.definition ? [] : ["what Terraform is to make"]),
    ...(now.spec === content.spec ? [] : ["users, partitions or settings"]),
  ];
  if (differs.length > 0) {
    throw moved(stack.name, "plan.spec-moved", `the app makes something else now: ${differs.join("; ")}`);
  }
  const version = await terraform.stateVersion();
  if (!isDeepStrictEqual(version, state)) {
    const why =
      state === undefined || version === undefined
        ? `there ${state === undefined ? "was none, and there is one now" : "was one, and there is none now"}`
        : version.lineage === state.lineage
          ? `it has been written ${version.serial - state.serial} times since`
          : "it is another one";
    throw moved(stack.name, "plan.state-moved", `Terraform's state is not what it was: ${why}`);
  }
  return "same";
}

/** @throws Failure if machines or the master are not as they were when the plan was made */
function refuseMoved(
  { content }: ReadPlan,
  planned: PlannedDeployment,
  steps: Parameters<typeof stepsSeen>[0] | undefined,
): void {
  const { seen, terraform, stack } = content;
  if (terraform.plan === undefined && planned.plan.changesAnything) {
    throw moved(stack, "plan.state-moved", "Terraform would change something now, and had nothing to do");
  }
  const now = seenOf(planned);
  const machines = [...now.missing, ...now.stopped].filter((one) => ![...seen.missing, ...seen.stopped].includes(one));
  const back = [...seen.missing, ...seen.stopped].filter((one) => ![...now.missing, ...now.stopped].includes(one));
  if (machines.length + back.length > 0) {
    const what = [...machines.map((one) => `${one} is gone or stopped`), ...back.map((one) => `${one} is there again`)];
    throw moved(stack, "plan.cluster-moved", what.join("; "));
  }
  const found = steps === undefined ? undefined : stepsSeen(steps);
  if (isDeepStrictEqual(found, seen.steps)) return;
  if (found === undefined || seen.steps === undefined) {
    const answers = found === undefined ? "does not answer, and did" : "answers, and did not";
    throw moved(stack, "plan.cluster-moved", `the master ${answers} when the plan was made`);
  }
  const ids = [...new Set([...Object.keys(found), ...Object.keys(seen.steps)])];
  const other = ids.filter((step) => found[step] !== seen.steps?.[step]);
  throw moved(stack, "plan.cluster-moved", `on the master, this is not what it was: ${other.join(", ")}`);
}

function moved(stack: string, code: string, cause: string): Failure {
  return new Failure("usage", "the plan is not of what there is now; nothing was changed", {
    code,
    cause,
    remedy: planAgain(stack),
  });
}

function planAgain(stack: string): string {
  return `make a new plan, and look at it: ohpc plan ${stack} --out FILE`;
}
