import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { privateDirectory } from "../../model/private-directory";
import { masterOf } from "../access/master";
import { masterAccessIn } from "../access/master-access";
import { applyPlan } from "../deploy/apply-plan";
import { describeLosses, jobsAtStake } from "../deploy/losses";
import type { Platform } from "../deploy/platform";
import { terminationProtection } from "../deploy/termination-protection";
import { agree, type Consenter } from "../feedback/consent";
import type { Progress } from "../feedback/progress";
import { withCommandLock } from "../lock/command-lock";
import { LOCK_FILE } from "../lock/lock";
import type { Place, Project } from "../stack/project";
import { specOf } from "../stack/spec";
import { openStack, type SynthesizedStack } from "../stack/synthesis";
import { outputsOf } from "../terraform/outputs";
import { judgePlan } from "../terraform/plan";
import { Terraform } from "../terraform/terraform";

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

/** The same, of a stack that is open and locked. */
export async function destroyStack(
  stack: SynthesizedStack,
  { env }: Pick<Place, "env">,
  { project, platform, consenter, takeOver }: Surroundings,
  progress: Progress,
): Promise<Destroyed> {
  const { cluster } = specOf(stack);
  const { terraform, plan, outputs, verdict, forgotten } = await progress.phase(
    `Plan to destroy ${stack.name}`,
    async () => {
      const reader = new Terraform(stack.directory, env);
      await reader.initialize();
      const state = await reader.state();
      const claim = await platform?.claim(state);
      const destroyer = claim === undefined ? reader : new Terraform(stack.directory, { ...env, ...claim.env });
      const saved = await destroyer.planDestroy();
      return {
        terraform: destroyer,
        plan: saved,
        outputs: outputsOf(state),
        verdict: saved.changesAnything ? judgePlan(await destroyer.show(saved)) : { changes: [], losses: [] },
        // A terraform that was killed may have made things that its state never heard of.
        forgotten: (await platform?.remains(state)) ?? [],
      };
    },
  );
  const { changes, losses } = verdict;
  try {
    // A folder whose state knows of nothing may be a copy: what this machine remembers of the cluster is another's.
    if (changes.length + forgotten.length === 0) return { machines: [], disks: [], others: [] };
    const access = masterAccessIn(outputs, stack, project, env);
    const liftProtection = await terminationProtection(changes, access?.manifest, env);
    const seen = consenter.yes ? { jobs: [] } : await jobsAtStake(access, losses, env);
    const lines = [
      ...describeLosses(losses, access?.manifest, seen),
      ...(forgotten.length === 0
        ? []
        : [`what Terraform does not know of would be destroyed: ${forgotten.join(", ")}`]),
    ];
    const again = `ohpc destroy ${stack.name}${takeOver === true ? " --take-over" : ""} --yes`;
    await agree(consenter, lines, `Destroy the cluster ${cluster} with all its data?`, again);
    // The live connection would keep a socket in a directory that goes.
    if (access !== undefined) await masterOf(access).close();
    await liftProtection();
    if (plan.changesAnything) await applyPlan(terraform, plan, `Destroy ${stack.name}`, changes, progress);
    await progress.phase("Look for what is left", async () => platform?.sweep());
    forget(privateDirectory(cluster, env));
    const named = (kinds: readonly string[]) =>
      losses.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
    return {
      machines: named(["machine"]),
      disks: named(["disk"]),
      others: [...named(["network", "other"]), ...forgotten],
    };
  } finally {
    terraform.discard(plan);
  }
}

/** What this machine remembers of a cluster that is no more; files of the operator's own stay. */
function forget(directory: string): void {
  // Older versions had a lock of another name.
  for (const name of ["known_hosts", "cm", "lock", LOCK_FILE])
    rmSync(join(directory, name), { recursive: true, force: true });
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}
