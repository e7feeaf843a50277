import { PowerError } from "../../clouds/power";
import { agree, type Consenter, describeLosses, jobsSeen, type JobsSeen, MASTER_PATIENCE } from "../feedback/consent";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Groundwork } from "./platform";
import { hostKeySource } from "../power/host-key-source";
import { forgetHostKeys, pinKnown } from "../access/host-keys";
import { masterOf, type Way } from "../access/master";
import { protectionOf } from "../power/cluster-power";
import type { Progress } from "../feedback/progress";
import type { Project, SynthesizedStack } from "../stack/project";
import { retire, type Retirement } from "./removal";
import { type SavedPlan, Terraform } from "../terraform/terraform";
import { PROTECTED } from "../terraform/failure";
import type { TerraformEvent } from "../terraform/events";
import { hostKey, hostsOf, judgePlan, type PlannedChange, type PlanVerdict } from "../terraform/plan";
import { wayIn } from "../access/master-access";

/** What a plan and a look at the machines showed, not yet carried out. */
export interface PlannedDeployment {
  readonly stack: SynthesizedStack;
  readonly plan: SavedPlan;
  readonly verdict: PlanVerdict;
  /** Addresses of what somebody removed behind Terraform's back. */
  readonly missing: readonly string[];
  /** Hosts that do not run. */
  readonly stopped: readonly string[];
  /** Of what is deployed now. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** To the master that is there now. */
  readonly way: Way | undefined;
}

/** Whose project it is, and where keys lie. */
export interface Ground {
  readonly project: Pick<Project, "directory">;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Compares a stack with what exists, in Terraform's state and on the cloud itself. Changes nothing.
 *
 * @throws Failure
 */
export async function planDeployment(
  stack: SynthesizedStack,
  groundwork: Groundwork | undefined,
  { project, env }: Ground,
  progress: Progress,
): Promise<PlannedDeployment> {
  const terraform = new Terraform(stack.directory, env);
  return progress.phase(`Plan ${stack.name}`, async (report) => {
    await terraform.initialize();
    const [first, looked] = await Promise.allSettled([plan(terraform), look(terraform, groundwork)]);
    if (first.status === "rejected") throw first.reason as Error;
    let saved = first.value;
    try {
      if (looked.status === "rejected") throw looked.reason as Error;
      const { state, missing, stopped } = looked.value;
      if (missing.length > 0) {
        terraform.discard(saved);
        report.detail(`removed by hand: ${missing.map(subject).join(", ")}`);
        saved = await plan(terraform, missing);
      }
      const verdict = saved.changesAnything
        ? judgePlan(await terraform.show(saved), missing)
        : { changes: [], losses: [] };
      report.title(`Plan ${stack.name}: ${summaryOf(verdict.changes)}`);
      const outputs = outputsOf(state);
      return { stack, plan: saved, verdict, missing, stopped, outputs, way: wayIn(outputs, stack, project, env) };
    } catch (error) {
      terraform.discard(saved);
      throw error;
    }
  });
}

/** A plan that the stack's protection refuses becomes one that people are asked about. */
async function plan(terraform: Terraform, replace: readonly string[] = []): Promise<SavedPlan> {
  try {
    return await terraform.plan(replace);
  } catch (error) {
    if (!(error instanceof Failure) || error.details.code !== PROTECTED) throw error;
    return terraform.planUnprotected(replace);
  }
}

/** What came of a plan. */
export interface CarriedOut {
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Hosts that had stopped, and run again. */
  readonly started: readonly string[];
  /** Why others do not: all else goes on without them. */
  readonly failure?: PowerError;
}

export interface CarryOutOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly consenter: Consenter;
  readonly groundwork?: Groundwork | undefined;
  /** As it was typed: `ohpc up demo`. */
  readonly command: string;
}

/**
 * Does what was planned, after somebody agreed where something would be lost. Machines that had stopped and stay are
 * started; nodes that go are drained first, and those that then do not go are given back.
 *
 * @throws Failure
 */
export async function carryOut(
  { stack, plan: saved, verdict, stopped, outputs, way }: PlannedDeployment,
  { env, consenter, groundwork, command }: CarryOutOptions,
  progress: Progress,
): Promise<CarriedOut> {
  const terraform = new Terraform(stack.directory, env);
  try {
    const asks = verdict.losses.length > 0;
    const agreeTo = async (seen: JobsSeen) => {
      const lines = describeLosses(verdict.losses, way?.manifest, seen);
      await agree(consenter, lines, `Change ${stack.name} like this?`, `${command} --yes`);
    };
    // What somebody took away already is no loss.
    const seen: JobsSeen = consenter.yes || !asks ? { jobs: [] } : await jobsOf(way, env);
    if (asks) await agreeTo(seen);

    const { changes } = verdict;
    const going = hostsOf(changes, ["replace", "delete"]);
    if (hostsOf(changes, ["create", "replace"]).length > 0) await groundwork?.prepare(progress);
    const unprotect = await protectionOf(changes, way?.manifest, env);
    const staying = stopped.filter((host) => !going.includes(host));
    const { started, failure } = await start(staying, groundwork, progress);
    if (failure !== undefined && failure.hosts.includes(way?.manifest.master.host ?? "")) throw failure;
    if (!saved.changesAnything) return { outputs, started, ...(failure !== undefined && { failure }) };

    const giveBack = await retireNodes(
      way,
      {
        ...{ hosts: going, command, agreed: "unknown" in seen ? [] : seen.jobs },
        agreeTo: async (jobs) => (asks ? agreeTo({ jobs }) : undefined),
      },
      env,
      progress,
    );
    try {
      await unprotect();
      // Machines of their names will have other keys, also if this gets no further than taking them away.
      if (way !== undefined) forgetHostKeys(way, going);
      const made = await apply(terraform, saved, `Deploy ${stack.name}`, changes, progress);
      return { outputs: made, started, ...(failure !== undefined && { failure }) };
    } catch (error) {
      await giveBack();
      throw error;
    }
  } finally {
    terraform.discard(saved);
  }
}

/** Drains nodes whose machines go. The master may be one of them: no connection to it is left open. */
async function retireNodes(
  way: Way | undefined,
  retirement: Retirement,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<() => Promise<void>> {
  if (way === undefined || retirement.hosts.length === 0) return async () => Promise.resolve();
  await know(way, env);
  const master = masterOf(way, MASTER_PATIENCE);
  try {
    return await retire(way.manifest, master, retirement, progress);
  } finally {
    await master.close();
  }
}

async function start(
  hosts: readonly string[],
  groundwork: Groundwork | undefined,
  progress: Progress,
): Promise<Pick<CarriedOut, "started" | "failure">> {
  if (hosts.length === 0 || groundwork === undefined) return { started: [] };
  return progress.phase(`Start ${count(hosts.length, "machine")}`, async () => {
    try {
      await groundwork.start(hosts);
      return { started: hosts };
    } catch (error) {
      if (!(error instanceof PowerError)) throw error;
      const failure = error;
      return { started: hosts.filter((host) => !failure.hosts.includes(host)), failure };
    }
  });
}

/** `2 to create, 1 to replace`, of what people would count. Pure. */
export function summaryOf(changes: readonly PlannedChange[]): string {
  const counted = changes.filter(({ kind }) => kind !== "glue");
  const parts = (["create", "update", "replace", "delete"] as const).flatMap((action) => {
    const count = counted.filter((change) => change.action === action).length;
    return count === 0 ? [] : [`${count} to ${action}`];
  });
  return parts.length === 0 ? "nothing to change" : parts.join(", ");
}

/** Carries out a plan, and counts machines while they come or go. */
export async function apply(
  terraform: Terraform,
  plan: SavedPlan,
  title: string,
  changes: readonly PlannedChange[],
  progress: Progress,
): Promise<Readonly<Record<string, unknown>>> {
  const machines = new Set(changes.filter(({ kind }) => kind === "machine").map(({ address }) => address));
  // A machine that is replaced is destroyed first; it counts when it is there again.
  const last = new Map(changes.map(({ address, action }) => [address, action === "delete" ? "delete" : "create"]));
  return progress.phase(title, async (report) => {
    const done = new Set<string>();
    return terraform.apply(plan, (event) => {
      const line = describeEvent(event);
      if (line !== undefined) report.detail(line);
      if (event.kind !== "completed" || !machines.has(event.address) || last.get(event.address) !== event.action)
        return;
      done.add(event.address);
      report.title(`${title}: ${done.size} of ${machines.size} machines`);
    });
  });
}

/** What people want to read of Terraform's stream. Pure. */
export function describeEvent(event: TerraformEvent): string | undefined {
  switch (event.kind) {
    case "started":
      return undefined;
    case "completed":
      return `${subject(event.address)} ${DONE[event.action] ?? event.action}`;
    case "failed":
      return `${subject(event.address)} could not be ${DONE[event.action] ?? event.action}`;
    case "provisioner":
      return `${subject(event.address)}: ${event.output}`;
    case "diagnostic":
      return event.diagnostic.severity === "warning" ? event.diagnostic.summary : undefined;
    case "version":
    case "outputs":
      return undefined;
  }
}

const DONE: Readonly<Record<string, string>> = {
  create: "created",
  delete: "destroyed",
  update: "changed",
  read: "read",
};

/** The host, or Terraform's name without its type and the hash that cdktf puts behind it. */
function subject(address: string): string {
  return hostKey(address) ?? address.replace(/^\w+\./, "").replace(/_[0-9A-F]{8}$/, "");
}

/** The outputs in what `terraform show -json` tells of the state. */
export function outputsOf(state: unknown): Readonly<Record<string, unknown>> {
  const { values } = state as {
    readonly values?: { readonly outputs?: Readonly<Record<string, { readonly value: unknown }>> };
  };
  return Object.fromEntries(Object.entries(values?.outputs ?? {}).map(([name, { value }]) => [name, value]));
}

/** The jobs of a cluster that may not even answer any more. */
export async function jobsOf(way: Way | undefined, env: NodeJS.ProcessEnv): Promise<JobsSeen> {
  if (way === undefined) return { jobs: [] };
  await know(way, env);
  return jobsSeen(masterOf(way, MASTER_PATIENCE));
}

/** Who never met this master asks the vendor for its host keys. */
async function know(way: Way, env: NodeJS.ProcessEnv): Promise<void> {
  const { manifest } = way;
  await pinKnown(way, manifest.master.host, hostKeySource(manifest, env));
}

async function look(terraform: Terraform, groundwork: Groundwork | undefined) {
  const state = await terraform.state();
  const drift = await groundwork?.drift(state);
  return { missing: drift?.missing ?? [], stopped: drift?.stopped ?? [], state };
}
