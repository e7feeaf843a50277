import { agree, type Consenter, describeLosses } from "./consent";
import { apply, jobsOf, manifestIn } from "./deploy";
import { type Place, wishOf } from "./deployment";
import { Failure } from "./failure";
import type { Groundwork } from "./groundwork";
import { masterOf } from "./master";
import { privateDirectory } from "../model/private-directory";
import type { Progress } from "./progress";
import type { SynthesizedStack } from "./project";
import { Terraform } from "./terraform";
import { judgePlan } from "./terraform-plan";

export interface DestroyOptions {
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
 * @throws Failure of kind `consent`; of kind `failed` if something of the cluster is left
 */
export async function destroy(
  stack: SynthesizedStack,
  { env }: Place,
  { groundwork, consenter }: DestroyOptions,
  progress: Progress,
): Promise<Destroyed> {
  const { cluster } = wishOf(stack);
  const terraform = new Terraform(stack.directory, env);
  const { plan, outputs } = await progress.phase(`Plan to destroy ${stack.name}`, async () => {
    await terraform.initialize();
    const found = await terraform.outputs();
    return { plan: await terraform.planDestroy(), outputs: found };
  });
  try {
    if (plan.changesAnything) {
      const { changes, losses } = judgePlan(await terraform.show(plan));
      const manifest = manifestIn(outputs);
      const seen = consenter.yes ? { jobs: [] } : await jobsOf(manifest, env);
      const lines = describeLosses(losses, manifest, seen);
      await agree(consenter, lines, `Destroy the cluster ${cluster} with all its data?`, `ohpc destroy ${stack.name} --yes`);
      // The live connection would keep a socket in a directory that goes.
      if (manifest !== undefined) await masterOf({ manifest, privateDirectory: privateDirectory(cluster, env) }).close();
      await apply(terraform, plan, `Destroy ${stack.name}`, changes, progress);
      await nothingLeft(cluster, groundwork);
      const named = (kinds: readonly string[]) => losses.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
      return { machines: named(["machine"]), disks: named(["disk"]), others: named(["network", "other"]) };
    }
    await nothingLeft(cluster, groundwork);
    return { machines: [], disks: [], others: [] };
  } finally {
    terraform.discard(plan);
  }
}

/** Terraform knows what it made; this looks at what is there. */
async function nothingLeft(cluster: string, groundwork: Groundwork | undefined): Promise<void> {
  const remains = (await groundwork?.remains()) ?? [];
  if (remains.length === 0) return;
  throw new Failure("failed", `something of the cluster ${cluster} is left that Terraform does not know of`, {
    code: "destroy.remains",
    cause: "Terraform's state was lost, or another checkout made it",
    remedy: "destroy it from the checkout that made it, or remove it with the container engine",
    output: remains,
  });
}
