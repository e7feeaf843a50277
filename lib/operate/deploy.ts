import type { Manifest } from "../model/manifest";
import { MANIFEST_OUTPUT, readManifest } from "../model/manifest";
import { privateDirectory } from "../model/private-directory";
import { agree, type Consenter, describeLosses, jobsSeen, type JobsSeen, MASTER_PATIENCE } from "./consent";
import type { Groundwork } from "./groundwork";
import { masterOf } from "./master";
import type { Progress } from "./progress";
import type { SynthesizedStack } from "./project";
import { type SavedPlan, Terraform } from "./terraform";
import type { TerraformEvent } from "./terraform-events";
import { hostKey, judgePlan, type PlannedChange } from "./terraform-plan";

export interface DeployOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly groundwork: Groundwork | undefined;
  readonly consenter: Consenter;
  /** The command that would say yes. */
  readonly again: string;
}

/** What a deployment came to. */
export interface Deployed {
  readonly changes: readonly PlannedChange[];
  /** Hosts that had stopped and were started. */
  readonly started: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Makes one stack what it should be: plans, asks where something would be lost, and applies.
 *
 * @throws Failure
 */
export async function deploy(stack: SynthesizedStack, options: DeployOptions, progress: Progress): Promise<Deployed> {
  const { env, groundwork } = options;
  const terraform = new Terraform(stack.directory, env);
  const { plan, missing, stopped, state } = await progress.phase(`Plan ${stack.name}`, async (report) => {
    await terraform.initialize();
    const [before, { state: seen, ...drift }] = await Promise.all([terraform.plan(), look(terraform, groundwork)]);
    if (drift.stopped.length > 0) {
      report.detail(`starting ${drift.stopped.join(", ")}`);
      await groundwork?.start(drift.stopped);
    }
    if (drift.missing.length === 0) return { ...drift, plan: before, state: seen };
    terraform.discard(before);
    report.detail(`removed by hand: ${drift.missing.map((address) => hostKey(address) ?? address).join(", ")}`);
    return { ...drift, plan: await terraform.plan(drift.missing), state: seen };
  });
  for (const address of missing) progress.note(`${hostKey(address) ?? address} had been removed by hand: it is made again`);
  for (const host of stopped) progress.note(`${host} had stopped: it was started`);
  try {
    const outputs = outputsOf(state);
    if (!plan.changesAnything) return { changes: [], started: stopped, outputs };
    const { changes, losses } = judgePlan(await terraform.show(plan), missing);
    if (losses.length > 0) await agreeToLosses(stack, losses, outputs, options);
    return { changes, started: stopped, outputs: await apply(terraform, plan, `Deploy ${stack.name}`, changes, progress) };
  } finally {
    terraform.discard(plan);
  }
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
      if (event.kind !== "completed" || !machines.has(event.address) || last.get(event.address) !== event.action) return;
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

const DONE: Readonly<Record<string, string>> = { create: "created", delete: "destroyed", update: "changed", read: "read" };

/** The host, or Terraform's name without its type and the hash that cdktf puts behind it. */
function subject(address: string): string {
  return hostKey(address) ?? address.replace(/^\w+\./, "").replace(/_[0-9A-F]{8}$/, "");
}

/** The outputs in what `terraform show -json` tells of the state. */
export function outputsOf(state: unknown): Readonly<Record<string, unknown>> {
  const { values } = state as { readonly values?: { readonly outputs?: Readonly<Record<string, { readonly value: unknown }>> } };
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
  return jobsSeen(masterOf({ manifest, privateDirectory: privateDirectory(manifest.cluster, env) }, MASTER_PATIENCE));
}

async function look(terraform: Terraform, groundwork: Groundwork | undefined) {
  const state = await terraform.state();
  const drift = await groundwork?.drift(state);
  return { missing: drift?.missing ?? [], stopped: drift?.stopped ?? [], state };
}

async function agreeToLosses(
  stack: SynthesizedStack,
  losses: readonly PlannedChange[],
  outputs: Readonly<Record<string, unknown>>,
  { env, consenter, again }: DeployOptions,
): Promise<void> {
  const manifest = manifestIn(outputs);
  const seen: JobsSeen = consenter.yes ? { jobs: [] } : await jobsOf(manifest, env);
  await agree(consenter, describeLosses(losses, manifest, seen), `Change ${stack.name} like this?`, again);
}
