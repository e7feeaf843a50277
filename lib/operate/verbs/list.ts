import { existsSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST_OUTPUT, SPEC_FILE } from "../../model/schema-numbers";
import { expandHosts } from "../../slurm/hostlist";
import { deploymentOf } from "../cluster/deployment";
import { findProject, type Place, type Project } from "../stack/project";
import { specOf } from "../stack/spec";
import { synthesize, type SynthesizedStack } from "../stack/synthesis";
import { Terraform } from "../terraform/terraform";

/** A stack of the project, and what is deployed of it. */
export interface ListedStack {
  readonly stack: string;
  /** Absent for a stack without a cluster. */
  readonly cluster?: string;
  readonly deployed: boolean;
  readonly nodes?: number;
}

/**
 * All stacks that the app makes, deployed or not.
 *
 * @throws Failure
 */
export async function listStacks(place: Place): Promise<readonly ListedStack[]> {
  const project = findProject(place.cwd, place.env);
  const { stacks } = await synthesize(project, place.env);
  return Promise.all(stacks.map(async (stack) => describe(project, stack, place)));
}

async function describe(project: Project, stack: SynthesizedStack, { env }: Place): Promise<ListedStack> {
  if (!existsSync(join(stack.directory, SPEC_FILE)))
    return { stack: stack.name, deployed: await hasOutputs(stack, env) };
  const { cluster } = specOf(stack);
  const outputs = await outputsOf(stack, env);
  if (!(MANIFEST_OUTPUT in outputs)) return { stack: stack.name, cluster, deployed: false };
  const { manifest } = deploymentOf(project, stack, outputs, env);
  const nodes = manifest.pools.reduce((sum, { hosts }) => sum + expandHosts(hosts).length, 0);
  return { stack: stack.name, cluster: manifest.cluster, deployed: true, nodes };
}

async function hasOutputs(stack: SynthesizedStack, env: NodeJS.ProcessEnv): Promise<boolean> {
  return Object.keys(await outputsOf(stack, env)).length > 0;
}

/** A stack that Terraform never worked on here has none; finding out would mean to fetch its providers. */
async function outputsOf(stack: SynthesizedStack, env: NodeJS.ProcessEnv): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(join(stack.directory, ".terraform"))) return {};
  return new Terraform(stack.directory, env).outputs();
}
