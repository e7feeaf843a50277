import { planDeployment, type PlannedDeployment } from "../deploy/deployment-plan";
import type { Platform } from "../deploy/platform";
import type { Progress } from "../feedback/progress";
import type { CommandLock } from "../lock/command-lock";
import { findProject, type Place, type Project } from "../stack/project";
import { readSynthesis, stackNamed, synthesize, type SynthesizedStack, withDependencies } from "../stack/synthesis";

export interface PrepareOptions {
  readonly stack: string;
  readonly place: Place;
  readonly platformFor: (stack: SynthesizedStack) => Platform | undefined;
  readonly commandLock: CommandLock;
  /** What is done with the plan of a stack that this one needs. */
  readonly onDependency: (planned: PlannedDeployment) => Promise<void>;
  /** Told what is deployed of the stack, while Terraform still plans. */
  readonly onOutputs?: (
    outputs: Readonly<Record<string, unknown>>,
    where: { readonly stack: SynthesizedStack; readonly project: Project },
  ) => void;
}

/** A stack as its app makes it now, compared with what exists. */
export interface PreparedStack {
  readonly project: Project;
  readonly stack: SynthesizedStack;
  readonly platform: Platform | undefined;
  readonly planned: PlannedDeployment;
}

/**
 * Runs the app, locks the cluster, and compares the stack with what exists. Changes nothing of it.
 *
 * @throws Failure
 */
export async function prepareStack(
  { stack: name, place, platformFor, commandLock, onDependency, onOutputs }: PrepareOptions,
  progress: Progress,
): Promise<PreparedStack> {
  const { env } = place;
  const project = findProject(place.cwd, env);
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
    await onDependency(await planDeployment(dependency, undefined, { project, env }, progress));
  }
  const platform = platformFor(stack);
  const planned = await planDeployment(
    stack,
    platform,
    { project, env, onOutputs: (outputs) => onOutputs?.(outputs, { stack, project }) },
    progress,
  );
  // What is carried out is in the plan's file; the app may run again.
  await commandLock.releaseOutput();
  for (const { name: made } of planned.verdict.changes.filter(({ address }) => planned.missing.includes(address))) {
    progress.note(`${made} had been removed by hand: it is made again`);
  }
  return { project, stack, platform, planned };
}
