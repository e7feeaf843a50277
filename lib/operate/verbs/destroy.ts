import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { agree, type Consenter, describeLosses } from "../feedback/consent";
import { apply, jobsOf } from "../deploy/deployment-plan";
import { type Place, wishOf } from "../cluster/deployment";
import type { Groundwork } from "../deploy/platform";
import { masterOf } from "../access/master";
import { privateDirectory } from "../../model/private-directory";
import { protectionOf } from "../power/cluster-power";
import type { Progress } from "../feedback/progress";
import type { Project, SynthesizedStack } from "../stack/project";
import { Terraform } from "../terraform/terraform";
import { judgePlan } from "../terraform/plan";
import { wayIn } from "../access/master-access";

export interface DestroyOptions {
  readonly project: Pick<Project, "directory">;
  readonly groundwork: Groundwork | undefined;
  readonly consenter: Consenter;
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
  stack: SynthesizedStack,
  { env }: Place,
  { project, groundwork, consenter }: DestroyOptions,
  progress: Progress,
): Promise<Destroyed> {
  const { cluster } = wishOf(stack);
  const terraform = new Terraform(stack.directory, env);
  const { plan, outputs, verdict, forgotten } = await progress.phase(`Plan to destroy ${stack.name}`, async () => {
    await terraform.initialize();
    const found = await terraform.outputs();
    const saved = await terraform.planDestroy();
    return {
      plan: saved,
      outputs: found,
      verdict: saved.changesAnything ? judgePlan(await terraform.show(saved)) : { changes: [], losses: [] },
      // A terraform that was killed may have made things that its state never heard of.
      forgotten: saved.changesAnything ? [] : ((await groundwork?.remains()) ?? []),
    };
  });
  const { changes, losses } = verdict;
  try {
    if (changes.length + forgotten.length === 0) {
      forget(privateDirectory(cluster, env));
      return { machines: [], disks: [], others: [] };
    }
    const way = wayIn(outputs, stack, project, env);
    const unprotect = await protectionOf(changes, way?.manifest, env);
    const seen = consenter.yes ? { jobs: [] } : await jobsOf(way, env);
    const lines = [
      ...describeLosses(losses, way?.manifest, seen),
      ...(forgotten.length === 0
        ? []
        : [`what Terraform does not know of would be destroyed: ${forgotten.join(", ")}`]),
    ];
    const again = `ohpc destroy ${stack.name} --yes`;
    await agree(consenter, lines, `Destroy the cluster ${cluster} with all its data?`, again);
    // The live connection would keep a socket in a directory that goes.
    if (way !== undefined) await masterOf(way).close();
    await unprotect();
    if (plan.changesAnything) await apply(terraform, plan, `Destroy ${stack.name}`, changes, progress);
    await progress.phase("Look for what is left", async () => groundwork?.sweep());
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
  for (const name of ["known_hosts", "cm", "lock"]) rmSync(join(directory, name), { recursive: true, force: true });
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}
