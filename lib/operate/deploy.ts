import type { Manifest } from "../model/manifest";
import { MANIFEST_OUTPUT, readManifest } from "../model/manifest";
import { privateDirectory } from "../model/private-directory";
import { agree, type Consenter, describeLosses, jobsSeen, type JobsSeen, MASTER_PATIENCE } from "./consent";
import { Failure } from "./failure";
import type { Groundwork } from "./groundwork";
import { masterOf, type Way } from "./master";
import { protectionOf } from "./power";
import type { Progress } from "./progress";
import type { SynthesizedStack } from "./project";
import { retire } from "./retire";
import { type SavedPlan, Terraform } from "./terraform";
import { PROTECTED } from "./terraform-failure";
import type { TerraformEvent } from "./terraform-events";
import { hostKey, judgePlan, type PlannedChange, type PlanVerdict } from "./terraform-plan";

/** What a plan and a look at the machines showed, not yet carried out. */
export interface PlannedDeployment {
  readonly stack: SynthesizedStack;
  readonly plan: SavedPlan;
  readonly verdict: PlanVerdict;
  /** Addresses of what somebody removed behind Terraform's back. */
  readonly missing: readonly string[];
  /** Hosts that had stopped and were started. */
  readonly started: readonly string[];
  /** Of what is deployed now. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Compares a stack with what exists, in Terraform's state and on the cloud itself; machines that only stopped are started.
 *
 * @throws Failure
 */
export async function planDeployment(
  stack: SynthesizedStack,
  groundwork: Groundwork | undefined,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<PlannedDeployment> {
  const terraform = new Terraform(stack.directory, env);
  return progress.phase(`Plan ${stack.name}`, async (report) => {
    await terraform.initialize();
    const [first, { state, missing, stopped }] = await Promise.all([plan(terraform), look(terraform, groundwork)]);
    if (stopped.length > 0) {
      report.detail(`starting ${stopped.join(", ")}`);
      await groundwork?.start(stopped);
    }
    let saved = first;
    if (missing.length > 0) {
      terraform.discard(first);
      report.detail(`removed by hand: ${missing.map(subject).join(", ")}`);
      saved = await plan(terraform, missing);
    }
    const verdict = saved.changesAnything
      ? judgePlan(await terraform.show(saved), missing)
      : { changes: [], losses: [] };
    report.title(`Plan ${stack.name}: ${summaryOf(verdict.changes)}`);
    return { stack, plan: saved, verdict, missing, started: stopped, outputs: outputsOf(state) };
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

/**
 * Does what was planned, after somebody agreed where something would be lost; returns the outputs.
 *
 * @throws Failure
 */
export async function carryOut(
  { stack, plan, verdict, outputs }: PlannedDeployment,
  {
    env,
    consenter,
    command,
  }: { readonly env: NodeJS.ProcessEnv; readonly consenter: Consenter; readonly command: string },
  progress: Progress,
): Promise<Readonly<Record<string, unknown>>> {
  const terraform = new Terraform(stack.directory, env);
  try {
    if (!plan.changesAnything) return outputs;
    const manifest = manifestIn(outputs);
    const unprotect = protectionOf(verdict.changes, manifest, env);
    const agreeTo = async (seen: JobsSeen) => {
      const lines = describeLosses(verdict.losses, manifest, seen);
      await agree(consenter, lines, `Change ${stack.name} like this?`, `${command} --yes`);
    };
    // What somebody took away already is no loss.
    const seen: JobsSeen = consenter.yes || verdict.losses.length === 0 ? { jobs: [] } : await jobsOf(manifest, env);
    if (verdict.losses.length > 0) await agreeTo(seen);
    if (manifest !== undefined) {
      const hosts = machinesGoing(verdict.changes);
      const agreed = "unknown" in seen ? [] : seen.jobs;
      const asks = verdict.losses.length > 0;
      await retire(
        wayTo(manifest, env),
        { hosts, command, agreed, agreeTo: async (jobs) => (asks ? agreeTo({ jobs }) : undefined) },
        progress,
      );
    }
    await unprotect();
    return await apply(terraform, plan, `Deploy ${stack.name}`, verdict.changes, progress);
  } finally {
    terraform.discard(plan);
  }
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

/** The manifest of what is there now, if this version can read it: nobody needs it to replace or destroy. */
export function manifestIn(outputs: Readonly<Record<string, unknown>>): Manifest | undefined {
  try {
    return readManifest(outputs[MANIFEST_OUTPUT]);
  } catch {
    return undefined;
  }
}

/** The jobs of a cluster that may not even answer any more. */
export async function jobsOf(manifest: Manifest | undefined, env: NodeJS.ProcessEnv): Promise<JobsSeen> {
  if (manifest === undefined) return { jobs: [] };
  return jobsSeen(masterOf(wayTo(manifest, env), MASTER_PATIENCE));
}

function wayTo(manifest: Manifest, env: NodeJS.ProcessEnv): Way {
  return { manifest, privateDirectory: privateDirectory(manifest.cluster, env) };
}

/** Hosts whose machines are taken away, to be made anew or not; also of those that somebody took away already. */
function machinesGoing(changes: readonly PlannedChange[]): readonly string[] {
  return changes
    .filter(({ kind, action }) => kind === "machine" && (action === "replace" || action === "delete"))
    .map(({ name }) => name);
}

async function look(terraform: Terraform, groundwork: Groundwork | undefined) {
  const state = await terraform.state();
  const drift = await groundwork?.drift(state);
  return { missing: drift?.missing ?? [], stopped: drift?.stopped ?? [], state };
}
