import { type Effect, effectOfSlurmConf, worstEffect } from "../../slurm/effects";
import { isWholeSlurmConf } from "../../slurm/slurm-conf-parse";
import type { PlannedStep } from "../configure/run-steps";
import type { SlurmConfState } from "../configure/steps/slurm-conf";
import type { Hit } from "../scheduler/jobs-hit";
import type { PlannedChange } from "../terraform/plan";
import { type FileDiff, fileDiffs } from "./file-diff";
import type { PlanStakes } from "./plan-stakes";

/** What a command would do to a cluster, found by looking only: what people read, programs take and a plan file holds. */
export interface ChangePlan {
  readonly stack: string;
  readonly cluster: string;
  /** As it would be typed: `ohpc up demo`. */
  readonly command: string;
  /** Whether there is anything to do. */
  readonly changes: boolean;
  /** The strongest of all. */
  readonly effect: Effect;
  /** Terraform's part. */
  readonly resources: readonly ResourceChange[];
  /** The master's part. */
  readonly steps: readonly StepChange[];
  readonly files: readonly FileDiff[];
  readonly settings: readonly SettingChange[];
  /** What is done beside: machines that are started, homes that are removed. */
  readonly actions: readonly PlanAction[];
  /** What differs because somebody changed it by hand. */
  readonly byHand: readonly string[];
  readonly hit: PlanHits;
  /** What is done, in this order. */
  readonly order: readonly string[];
  /** What somebody has to agree to, as it is asked; empty: nothing is lost. */
  readonly asks: readonly string[];
  /** The same as scopes: `node cpu-3`, `partition cpu`, `user bob`. */
  readonly scopes: readonly string[];
  /** Jobs for which what is to be done with them has no way: while there are any, nothing is done. */
  readonly uncovered: readonly HitJob[];
  /** What else differs between the stack and its cluster, and is not touched. */
  readonly left: readonly string[];
  /** What could not be looked at, and why. */
  readonly unknown: readonly string[];
}

export interface ResourceChange {
  readonly address: string;
  readonly kind: PlannedChange["kind"];
  /** The host, the volume; else Terraform's address. */
  readonly name: string;
  readonly action: PlannedChange["action"] | "start" | "stop" | "end";
  readonly effect: Effect;
  readonly reason?: string | undefined;
}

export interface StepChange {
  readonly id: string;
  readonly title: string;
  readonly effect: Effect;
  /** For people, one line each. */
  readonly words: readonly string[];
  readonly byHand: boolean;
}

/** A key of slurm.conf. */
export interface SettingChange {
  readonly key: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly effect: Effect;
  /** Where that was seen, or whose word it is. */
  readonly why?: string | undefined;
}

export interface PlanAction {
  readonly words: string;
  readonly effect: Effect;
}

/** Who is hit. */
export interface PlanHits {
  readonly jobs: readonly HitJob[];
  /** Users who go, or get another number. */
  readonly users: readonly string[];
  /** Nodes that take no jobs for a while, or any more. */
  readonly nodes: readonly string[];
  /** Disks, homes and networks whose data are lost. */
  readonly data: readonly string[];
}

export interface HitJob {
  readonly id: string;
  readonly user: string;
  readonly state: string;
  readonly partition: string;
  readonly hosts: readonly string[];
  readonly fate: Hit["fate"];
  readonly why: string;
  readonly scope: string;
}

export interface PlanInput extends Pick<ChangePlan, "stack" | "cluster" | "command" | "unknown"> {
  readonly resources?: readonly ResourceChange[];
  readonly steps?: readonly PlannedStep[];
  /** Ids of steps. */
  readonly stepsByHand?: readonly string[];
  readonly actions?: readonly PlanAction[];
  readonly byHand?: readonly string[];
  readonly stakes: PlanStakes;
  /** Nodes that are drained meanwhile. */
  readonly nodes?: readonly string[];
  readonly data?: readonly string[];
  readonly order: readonly string[];
  /** What is lost beside what the stakes tell. */
  readonly asks?: readonly string[];
  readonly left?: readonly string[];
}

/** Puts together what was seen. Pure. */
export function changePlanOf(input: PlanInput): ChangePlan {
  const { stack, cluster, command, unknown, stakes, order, resources = [], steps = [], actions = [] } = input;
  const { stepsByHand = [], byHand = [], nodes = [], data = [], asks = [], left = [] } = input;
  const differing = steps.filter(({ differences }) => differences.length > 0);
  const shown = resources.filter(({ kind }) => kind !== "glue");
  const effects = [...resources, ...differing, ...actions].map(({ effect }) => effect);
  return {
    stack,
    cluster,
    command,
    changes: resources.length + differing.length + actions.length > 0,
    effect: worstEffect(effects),
    resources: shown,
    steps: differing.map((one) => stepChange(one, stepsByHand.includes(one.step.id))),
    files: differing.flatMap(fileDiffs),
    settings: settingChanges(differing),
    actions,
    byHand: [
      ...byHand,
      ...differing
        .filter(({ step }) => stepsByHand.includes(step.id))
        .map(
          (one) =>
            `${one.step.title} on the master is not as it was made: ${wordsOf(one).join("; ") || "see its files"}`,
        ),
    ],
    hit: {
      jobs: stakes.hits.map(hitJob),
      users: stakes.users,
      nodes,
      data,
    },
    order,
    asks: [...asks, ...stakes.lines],
    scopes: stakes.scopes,
    uncovered: stakes.uncovered.map(hitJob),
    left,
    unknown: [...unknown, ...stakes.unknown],
  };
}

function stepChange(one: PlannedStep, byHand: boolean): StepChange {
  const { step, effect } = one;
  return { id: step.id, title: step.title, effect: effect === "none" ? "live" : effect, words: wordsOf(one), byHand };
}

function wordsOf({ step, before, after, differences }: PlannedStep): readonly string[] {
  if (step.words !== undefined) return step.words(before, after);
  return step.files === undefined && before !== null ? differences : [];
}

function settingChanges(differing: readonly PlannedStep[]): readonly SettingChange[] {
  const one = differing.find(({ step }) => step.id === "slurm-conf");
  const before = (one?.before as SlurmConfState | null | undefined)?.["slurm.conf"];
  const after = (one?.after as SlurmConfState | undefined)?.["slurm.conf"];
  if (typeof before !== "string" || typeof after !== "string" || !isWholeSlurmConf(before)) return [];
  return effectOfSlurmConf(before, after).changes;
}

function hitJob({ job: { id, user, state, partition, hosts }, fate, why, scope }: Hit): HitJob {
  return { id, user, state, partition, hosts, fate, why, scope };
}

/** A change of Terraform's, as a plan tells it. Pure. */
export function resourceOf(change: PlannedChange): ResourceChange {
  const { address, kind, name, action, reason } = change;
  return { address, kind, name, action, effect: effectOf(change), reason };
}

/** What is done to a machine beside Terraform. Pure. */
export function machineOf(
  host: string,
  action: ResourceChange["action"],
  effect: Effect,
  reason?: string,
): ResourceChange {
  return { address: host, kind: "machine", name: host, action, effect, reason };
}

function effectOf({ action, kind, stops }: PlannedChange): Effect {
  if (action === "create" || kind === "glue") return "live";
  if (action === "update") return stops === true ? "drain and restart slurmd" : "live";
  if (kind === "machine" || kind === "attachment") return "replace node";
  return kind === "disk" || kind === "network" ? "replace cluster" : "live";
}
