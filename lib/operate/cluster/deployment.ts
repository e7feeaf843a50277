import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Manifest, MANIFEST_OUTPUT, readManifest } from "../../model/manifest";
import { privateDirectory } from "../../model/private-directory";
import { readWish, type Wish, wishHash } from "../../model/wish";
import { Failure } from "../feedback/failure";
import { hostKeySource } from "../power/host-key-source";
import { pinKnown } from "../access/host-keys";
import {
  findProject,
  type Project,
  readSynthesis,
  stackNamed,
  synthesize,
  type SynthesizedStack,
} from "../stack/project";
import { Terraform } from "../terraform/terraform";
import { committedHostKeys } from "../access/master-access";

/** A stack that is deployed: what was wanted of the cluster, and what exists. */
export interface Deployment {
  readonly project: Project;
  readonly stack: SynthesizedStack;
  readonly wish: Wish;
  readonly manifest: Manifest;
  /** Where the operator's keys of the cluster lie. */
  readonly privateDirectory: string;
  /** Host keys that were committed beside cdktf.json; they alone are accepted then. */
  readonly knownHosts?: string;
}

const WISH_FILE = "cluster.json";

/** Where to look, and whose environment. */
export interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Opens a stack that was deployed, by `ohpc up` or by `cdktf deploy`: as it was last synthesized, without running the app.
 * On a machine that does not know the master yet, the vendor is asked for its host keys.
 *
 * @throws Failure if there is no such stack, or it is not deployed
 */
export async function openDeployment(stackName: string, { cwd, env }: Place): Promise<Deployment> {
  const { project, stack } = await openStack(stackName, { cwd, env });
  const outputs = await new Terraform(stack.directory, env).outputs();
  const deployment = deploymentOf(project, stack, outputs, env);
  await pinKnown(deployment, deployment.manifest.master.host, hostKeySource(deployment.manifest, env));
  return deployment;
}

/** The stack as it was last synthesized; the app runs only if it never did, or made no such stack. */
export async function openStack(
  name: string,
  { cwd, env }: Place,
): Promise<{ readonly project: Project; readonly stack: SynthesizedStack }> {
  const project = findProject(cwd, env);
  const last = readSynthesis(project);
  const known = last?.stacks.find((stack) => stack.name === name && existsSync(join(stack.directory, "cdk.tf.json")));
  return { project, stack: known ?? stackNamed(await synthesize(project, env, name), name) };
}

/**
 * A deployment from the outputs of its stack.
 *
 * @throws Failure if they hold no manifest
 */
export function deploymentOf(
  project: Project,
  stack: SynthesizedStack,
  outputs: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
): Deployment {
  const wish = wishOf(stack);
  const output = outputs[MANIFEST_OUTPUT];
  if (output === undefined) {
    throw new Failure("failed", `the stack ${stack.name} is not deployed yet`, {
      code: "stack.not-deployed",
      remedy: `deploy it: ohpc up ${stack.name} (or: npx cdktf deploy ${stack.name}, and then ohpc configure ${stack.name})`,
    });
  }
  return {
    project,
    stack,
    wish,
    manifest: readManifest(output),
    privateDirectory: privateDirectory(wish.cluster, env),
    ...committedHostKeys(project, stack),
  };
}

/**
 * Refuses a stack that was synthesized anew and not deployed since: its files speak of machines that may not exist.
 *
 * @throws Failure
 */
export function refuseUndeployed({ stack, manifest }: Deployment): void {
  if (wishHash(readFileSync(join(stack.directory, WISH_FILE), "utf8")) === manifest.wish) return;
  throw new Failure("failed", `the stack ${stack.name} has changed since it was deployed`, {
    code: "stack.changed",
    remedy: `deploy it as it is now: ohpc up ${stack.name} (or: npx cdktf deploy ${stack.name}, and then ohpc configure ${stack.name})`,
  });
}

/**
 * What the stack wants of its cluster.
 *
 * @throws Failure if there is no cluster in it
 */
export function wishOf(stack: SynthesizedStack): Wish {
  const file = join(stack.directory, WISH_FILE);
  if (!existsSync(file)) {
    throw new Failure("usage", `there is no cluster in the stack ${stack.name}`, {
      code: "stack.no-cluster",
      remedy: "name a stack with an OpenHpcMaster in it",
    });
  }
  return readWish(JSON.parse(readFileSync(file, "utf8")));
}

/** A site of a stack's cluster, as it is known before the stack is deployed. */
export interface PlannedSite {
  readonly cloud: string;
  readonly place: Readonly<Record<string, unknown>>;
}

/** The sites of a stack, deployed or not: they are literals in its manifest. */
export function sitesOf(stack: SynthesizedStack): readonly PlannedSite[] {
  const config: unknown = JSON.parse(readFileSync(join(stack.directory, "cdk.tf.json"), "utf8"));
  const parsed = configSchema.safeParse(config);
  return parsed.success ? parsed.data.output[MANIFEST_OUTPUT].value.sites : [];
}

const configSchema = z.looseObject({
  output: z.looseObject({
    [MANIFEST_OUTPUT]: z.looseObject({
      value: z.looseObject({
        sites: z.array(z.looseObject({ cloud: z.string(), place: z.record(z.string(), z.unknown()).default({}) })),
      }),
    }),
  }),
});
