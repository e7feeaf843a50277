import { isDeepStrictEqual } from "node:util";
import type { ClusterView } from "../../model/cluster-view";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { inspectionFailure, notSoFailure, refusedFailure, scriptFailure, type StepError } from "./step-error";
import { differences } from "./step/differences";
import { allNeeds, orderSteps } from "./step/order";
import {
  applyScript,
  type Inspection,
  inspectInput,
  inspectScript,
  lookAndApplyScript,
  parseInspections,
} from "./step/scripts";
import type { Effect, Json, Step } from "./step/step";

/** What carrying out the steps would do, found by looking only. */
export interface PlannedStep {
  readonly step: Step;
  readonly before: Json;
  readonly after: Json;
  /** For people; empty when nothing is to be done. */
  readonly differences: readonly string[];
  /** As far as it can be told: what could not be looked at yet disturbs nobody yet. */
  readonly effect: Effect;
}

/** What became of one step. */
export interface StepResult {
  readonly id: string;
  readonly title: string;
  readonly effect: Effect;
  readonly differences: readonly string[];
}

export interface StepsResult {
  readonly changed: readonly StepResult[];
  readonly unchanged: readonly StepResult[];
}

export type StepEvent =
  | { readonly kind: "inspecting"; readonly steps: readonly Step[] }
  | { readonly kind: "unchanged"; readonly step: Step }
  | { readonly kind: "applying"; readonly step: Step; readonly effect: Effect }
  | { readonly kind: "progress"; readonly step: Step; readonly text: string }
  | {
      readonly kind: "changed";
      readonly step: Step;
      readonly effect: Effect;
      readonly seconds: number;
      /** What people are told of it. */
      readonly note: string | undefined;
    }
  | { readonly kind: "failed"; readonly step: Step; readonly error: StepError };

export interface RunStepsOptions {
  readonly onEvent?: ((event: StepEvent) => void) | undefined;
  /** Told what is about to be done; may refuse it by throwing, and then nothing is changed. */
  readonly onPlan?: ((plan: readonly PlannedStep[]) => void | Promise<void>) | undefined;
}

/**
 * Looks at all steps in one round trip and tells what would be done, and with which effect. Changes nothing.
 *
 * @throws StepError
 */
export async function planSteps(
  steps: readonly Step[],
  cluster: ClusterView,
  remote: Remote,
): Promise<readonly PlannedStep[]> {
  const ordered = orderSteps(steps);
  const wanted = ordered.map((step) => step.desired(cluster));
  const seen = await inspect(ordered, wanted, remote);
  const plan = new Map<string, PlannedStep>();
  ordered.forEach((step, k) => {
    const after = wanted[k] ?? null;
    // A machine that lacks the software cannot be looked at with it; it is looked at again once it has it.
    const lacking = [...allNeeds(step, ordered)].find((id) => plan.get(id)?.differences.length !== 0);
    plan.set(
      step.id,
      lacking !== undefined && !isTold(seen[k])
        ? { step, before: null, after, differences: [`cannot be told before ${lacking} is done`], effect: "none" }
        : planned(step, stateOf(step, seen[k], remote.host), after),
    );
  });
  return [...plan.values()];
}

/**
 * Makes everything true that is not: looks at all steps at once, applies those that differ (each as soon as what it
 * needs is true), and looks again. A second run changes nothing; a run after one that died goes on where that was.
 *
 * @throws StepError for the first step that fails; those that do not need it are carried out nevertheless
 */
export async function runSteps(
  steps: readonly Step[],
  cluster: ClusterView,
  remote: Remote,
  { onEvent = () => undefined, onPlan }: RunStepsOptions = {},
): Promise<StepsResult> {
  onEvent({ kind: "inspecting", steps });
  const plan = await planSteps(steps, cluster, remote);
  refuseAnother(plan, remote);
  await onPlan?.(plan);
  return carryOutSteps(plan, remote, onEvent);
}

/**
 * Carries out a plan, or a part of it whose other steps are left as they are.
 *
 * @throws StepError as `runSteps`
 */
export async function carryOutSteps(
  plan: readonly PlannedStep[],
  remote: Remote,
  onEvent: (event: StepEvent) => void = () => undefined,
): Promise<StepsResult> {
  const here = new Set(plan.map(({ step }) => step.id));
  const steps = plan.map(({ step }) => ({ ...step, needs: step.needs.filter((id) => here.has(id)) }));
  const changed = new Map<string, StepResult>();
  const carryOut = async (stale: PlannedStep): Promise<void> => {
    // What was seen before something it needs changed may not be so any more.
    const needs = allNeeds(stale.step, steps);
    const isStale = [...changed.keys()].some((id) => needs.has(id));
    const started = Date.now();
    const applying = ({ step, effect }: PlannedStep) => {
      onEvent({ kind: "applying", step, effect });
    };
    const tell = (text: string) => {
      onEvent({ kind: "progress", step: stale.step, text });
    };
    let fresh = stale;
    let isDone = false;
    const unseen = isStale ? effectUnseen(stale) : undefined;
    if (unseen !== undefined) {
      const one = { ...stale, effect: unseen };
      applying(one);
      ({ fresh, isDone } = await lookAndApply(one, remote, tell));
    } else if (isStale) {
      fresh = await lookAgain(stale, remote);
    }
    if (fresh.differences.length === 0) {
      onEvent({ kind: "unchanged", step: fresh.step });
      return;
    }
    if (!isDone) {
      refuseAnother([fresh], remote);
      applying(fresh);
      await apply(fresh, remote, tell);
    }
    changed.set(fresh.step.id, resultOf(fresh));
    const seconds = (Date.now() - started) / 1000;
    const note = fresh.step.note?.(fresh.before);
    onEvent({ kind: "changed", step: fresh.step, effect: fresh.effect, seconds, note });
  };
  await inOrder(plan, async (one) => {
    try {
      await carryOut(one);
    } catch (error) {
      onEvent({ kind: "failed", step: one.step, error: error as StepError });
      throw error;
    }
  });
  return {
    changed: plan.flatMap(({ step }) => changed.get(step.id) ?? []),
    unchanged: plan
      .filter(({ step }) => !changed.has(step.id))
      .map((one) => ({ ...resultOf(one), effect: "none", differences: [] })),
  };
}

/**
 * Carries out each as soon as all that it needs are done. What needs a failed one is left. The first failure is thrown of
 * steps that others need, else of those that hold up nothing.
 */
async function inOrder(plan: readonly PlannedStep[], carryOut: (one: PlannedStep) => Promise<void>): Promise<void> {
  const running = new Map<string, Promise<void>>();
  const failures: { readonly needed: boolean; readonly error: unknown }[] = [];
  for (const one of plan) {
    const needed = one.step.needs.map(async (id) => running.get(id));
    running.set(
      one.step.id,
      Promise.all(needed).then(async () =>
        carryOut(one).catch((error: unknown) => {
          failures.push({ needed: plan.some(({ step }) => step.needs.includes(one.step.id)), error });
          throw error;
        }),
      ),
    );
  }
  await Promise.allSettled(running.values());
  const [first] = [...failures.filter(({ needed }) => needed), ...failures];
  if (first !== undefined) throw first.error;
}

async function lookAgain({ after, step }: PlannedStep, remote: Remote): Promise<PlannedStep> {
  const [seen] = await inspect([step], [after], remote);
  return planned(step, stateOf(step, seen, remote.host), after);
}

/** The effect of a step that will have to be applied, if a look can neither change that nor forbid it. */
function effectUnseen({ step, before, after, differences: found }: PlannedStep): Effect | undefined {
  if (found.length === 0 || step.effect.length > 0) return undefined;
  const effect = step.effect(before, after);
  return effect === "replace cluster" ? undefined : effect;
}

/** As `lookAgain` and `apply`, in one round trip. */
async function lookAndApply(
  { after, effect, step }: PlannedStep,
  remote: Remote,
  tell: (text: string) => void,
): Promise<{ readonly fresh: PlannedStep; readonly isDone: boolean }> {
  const printed = await runStep(step, lookAndApplyScript(step, effect), after, remote, tell);
  const end = printed.indexOf("\n") + 1;
  const [seen] = parseInspections(printed.slice(0, end));
  const fresh = planned(step, stateOf(step, seen, remote.host), after);
  const left = printed.slice(end);
  if (left !== "") checkApplied(step, left, after, remote);
  return { fresh, isDone: left !== "" };
}

/** @throws StepError where a plan would not leave the cluster the same one */
export function refuseAnother(plan: readonly PlannedStep[], remote: Remote): void {
  for (const { step, effect, differences: found } of plan) {
    if (effect === "replace cluster") throw refusedFailure(remote.host, step, found);
  }
}

async function inspect(
  steps: readonly Step[],
  wanted: readonly Json[],
  remote: Remote,
): Promise<readonly Inspection[]> {
  const [first] = steps;
  if (first === undefined) return [];
  try {
    return parseInspections(await remote.run(inspectScript(steps), { input: inspectInput(wanted) }));
  } catch (error) {
    throw error instanceof RemoteError
      ? scriptFailure({ ...first, id: "inspect", title: "what is there" }, error)
      : error;
  }
}

async function apply(
  { after, effect, step }: PlannedStep,
  remote: Remote,
  tell: (text: string) => void,
): Promise<void> {
  checkApplied(step, await runStep(step, applyScript(step, effect), after, remote, tell), after, remote);
}

/** @returns what the script prints */
async function runStep(
  step: Step,
  script: string,
  after: Json,
  remote: Remote,
  tell: (text: string) => void,
): Promise<string> {
  try {
    const onErrorLine = (line: string): void => {
      const text = step.progress?.(line);
      if (text !== undefined) tell(text);
    };
    return await remote.run(script, { input: JSON.stringify(after), onErrorLine, timeout: step.timeout });
  } catch (error) {
    throw error instanceof RemoteError ? scriptFailure(step, error) : error;
  }
}

function checkApplied(step: Step, printed: string, after: Json, remote: Remote): void {
  const seen = { exitCode: 0, stdout: printed, stderr: "" };
  const left = planned(step, stateOf(step, seen, remote.host), after).differences;
  if (left.length > 0) throw notSoFailure(remote.host, step, left);
}

function isTold(seen: Inspection | undefined): boolean {
  try {
    JSON.parse(seen?.exitCode === 0 ? seen.stdout : "");
    return true;
  } catch {
    return false;
  }
}

function stateOf(step: Step, seen: Inspection | undefined, host: string): Json {
  if (seen === undefined) throw inspectionFailure(host, step, "its inspection printed nothing", "");
  if (seen.exitCode !== 0)
    throw inspectionFailure(host, step, `its inspection ended with exit code ${seen.exitCode}`, seen.stderr);
  try {
    return JSON.parse(seen.stdout) as Json;
  } catch {
    throw inspectionFailure(host, step, `its inspection printed no JSON: ${seen.stdout.slice(0, 200)}`, seen.stderr);
  }
}

function planned(step: Step, before: Json, after: Json): PlannedStep {
  const same = isDeepStrictEqual(before, after);
  return {
    step,
    before,
    after,
    differences: same ? [] : differences(before, after),
    effect: same ? "none" : step.effect(before, after),
  };
}

function resultOf({ differences: found, effect, step }: PlannedStep): StepResult {
  return { id: step.id, title: step.title, effect, differences: found };
}
