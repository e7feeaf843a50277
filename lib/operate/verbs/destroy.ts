import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { privateDirectory } from "../../model/private-directory";
import { masterOf } from "../access/master";
import { type MasterAccess, masterAccessIn } from "../access/master-access";
import { applyPlan } from "../deploy/apply-plan";
import { jobsAtStake } from "../deploy/losses";
import type { Platform } from "../deploy/platform";
import { terminationProtection } from "../deploy/termination-protection";
import { agree, type Consenter } from "../feedback/consent";
import type { Progress } from "../feedback/progress";
import { withCommandLock } from "../lock/command-lock";
import { LOCK_FILE } from "../lock/lock";
import type { ChangePlan } from "../plan/change-plan";
import { destroyChanges } from "../plan/destroy-changes";
import type { Place, Project } from "../stack/project";
import { specOf } from "../stack/spec";
import { openStack, type SynthesizedStack } from "../stack/synthesis";
import { outputsOf } from "../terraform/outputs";
import { judgePlan, type PlanVerdict } from "../terraform/plan";
import { type SavedPlan, Terraform } from "../terraform/terraform";

export interface DestroyOptions {
  readonly stack: string;
  readonly place: Place;
  readonly consenter: Consenter;
  readonly platformFor: (stack: SynthesizedStack) => Platform | undefined;
  /** Also a cluster that another state has made. */
  readonly takeOver?: boolean | undefined;
}

interface Surroundings extends Pick<DestroyOptions, "consenter" | "takeOver"> {
  readonly project: Pick<Project, "directory">;
  readonly platform: Platform | undefined;
}

/** What was destroyed, by name. */
export interface Destroyed {
  readonly machines: readonly string[];
  readonly disks: readonly string[];
  readonly others: readonly string[];
}

/**
 * Removes everything that the stack made, with all data, after somebody agreed.
 *
 * @throws Failure of kind `consent`
 */
export async function destroy(
  { stack: name, place, consenter, takeOver, platformFor }: DestroyOptions,
  progress: Progress,
): Promise<Destroyed> {
  return withCommandLock(place.env, `ohpc destroy ${name}`, async (commandLock) => {
    const { project, stack } = await openStack(name, place);
    await commandLock.lockCluster(stack);
    return await destroyStack(stack, place, { project, consenter, takeOver, platform: platformFor(stack) }, progress);
  });
}

/**
 * What `destroy` would do, found by looking only.
 *
 * @throws Failure
 */
export async function planDestroy(
  { stack: name, place, takeOver, platformFor }: DestroyOptions,
  progress: Progress,
): Promise<ChangePlan> {
  return withCommandLock(place.env, `ohpc plan ${name}`, async (commandLock) => {
    const { project, stack } = await openStack(name, place);
    await commandLock.lockCluster(stack);
    const looked = await lookBeforeDestroy(stack, place, { project, takeOver, platform: platformFor(stack) }, progress);
    looked.terraform.discard(looked.saved);
    return looked.plan;
  });
}

/** The same as `destroy`, of a stack that is open and locked. */
export async function destroyStack(
  stack: SynthesizedStack,
  place: Pick<Place, "env">,
  { project, platform, consenter, takeOver }: Surroundings,
  progress: Progress,
): Promise<Destroyed> {
  const { cluster } = specOf(stack);
  const looked = await lookBeforeDestroy(stack, place, { project, platform, takeOver, blind: consenter.yes }, progress);
  const { terraform, saved, access, verdict, forgotten, plan } = looked;
  const { changes, losses } = verdict;
  try {
    // A folder whose state knows of nothing may be a copy: what this machine remembers of the cluster is another's.
    if (changes.length + forgotten.length === 0) return { machines: [], disks: [], others: [] };
    const liftProtection = await terminationProtection(changes, access?.manifest, place.env);
    await agree(consenter, plan.asks, `Destroy the cluster ${cluster} with all its data?`, `${plan.command} --yes`);
    // The live connection would keep a socket in a directory that goes.
    if (access !== undefined) await masterOf(access).close();
    await liftProtection();
    if (saved.changesAnything) await applyPlan(terraform, saved, `Destroy ${stack.name}`, changes, progress);
    await progress.phase("Look for what is left", async () => platform?.sweep());
    forget(privateDirectory(cluster, place.env));
    const named = (kinds: readonly string[]) =>
      losses.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
    return {
      machines: named(["machine"]),
      disks: named(["disk"]),
      others: [...named(["network", "other"]), ...forgotten],
    };
  } finally {
    terraform.discard(saved);
  }
}

interface BeforeDestroy {
  readonly terraform: Terraform;
  readonly saved: SavedPlan;
  readonly access: MasterAccess | undefined;
  readonly verdict: PlanVerdict;
  /** What is there, and the state has never heard of. */
  readonly forgotten: readonly string[];
  readonly plan: ChangePlan;
}

async function lookBeforeDestroy(
  stack: SynthesizedStack,
  { env }: Pick<Place, "env">,
  {
    project,
    platform,
    takeOver,
    blind = false,
  }: Omit<Surroundings, "consenter"> & {
    /** Whether nobody wants to know of jobs. */
    readonly blind?: boolean;
  },
  progress: Progress,
): Promise<BeforeDestroy> {
  const { terraform, saved, outputs, verdict, forgotten } = await progress.phase(
    `Plan to destroy ${stack.name}`,
    async () => {
      const reader = new Terraform(stack.directory, env);
      await reader.initialize();
      const state = await reader.state();
      const claim = await platform?.claim(state);
      const destroyer = claim === undefined ? reader : new Terraform(stack.directory, { ...env, ...claim.env });
      const made = await destroyer.planDestroy();
      return {
        terraform: destroyer,
        saved: made,
        outputs: outputsOf(state),
        verdict: made.changesAnything ? judgePlan(await destroyer.show(made)) : { changes: [], losses: [] },
        // A terraform that was killed may have made things that its state never heard of.
        forgotten: (await platform?.remains(state)) ?? [],
      };
    },
  );
  try {
    const access = masterAccessIn(outputs, stack, project, env);
    const seen = blind ? { jobs: [] } : await jobsAtStake(access, verdict.losses, env);
    const plan = destroyChanges({ stack: stack.name, verdict, manifest: access?.manifest, forgotten, seen, takeOver });
    return { terraform, saved, access, verdict, forgotten, plan };
  } catch (error) {
    terraform.discard(saved);
    throw error;
  }
}

/** What this machine remembers of a cluster that is no more; files of the operator's own stay. */
function forget(directory: string): void {
  // Older versions had a lock of another name.
  for (const name of ["known_hosts", "cm", "lock", LOCK_FILE])
    rmSync(join(directory, name), { recursive: true, force: true });
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}
