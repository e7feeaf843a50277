import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ClusterSpec } from "../../model/cluster-spec";
import { clusterSpecHash } from "../../model/cluster-spec-text";
import { MANIFEST_OUTPUT, readManifest } from "../../model/manifest";
import { privateDirectory } from "../../model/private-directory";
import { SPEC_FILE } from "../../model/schema-numbers";
import { pinMasterFromConsole } from "../access/host-keys";
import { committedHostKeys, type MasterAccess } from "../access/master-access";
import { Failure } from "../feedback/failure";
import type { Place, Project } from "../stack/project";
import { specOf } from "../stack/spec";
import { openStack, type SynthesizedStack } from "../stack/synthesis";
import { Terraform } from "../terraform/terraform";

/** A stack that is deployed: what was wanted of the cluster, and what exists. */
export interface Deployment extends MasterAccess {
  readonly project: Project;
  readonly stack: SynthesizedStack;
  readonly spec: ClusterSpec;
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
  await pinMasterFromConsole(deployment, env);
  return deployment;
}

/** The same of a stack that may not be deployed, or not yet: absent then. */
export async function deploymentIfAny(
  project: Project,
  stack: SynthesizedStack,
  env: NodeJS.ProcessEnv,
): Promise<Deployment | undefined> {
  if (neverDeployed(stack)) return undefined;
  const outputs = await new Terraform(stack.directory, env).outputs();
  if (outputs[MANIFEST_OUTPUT] === undefined) return undefined;
  const deployment = deploymentOf(project, stack, outputs, env);
  await pinMasterFromConsole(deployment, env);
  return deployment;
}

/** Without asking Terraform, which would fetch its providers first: a state that would lie here, and does not. */
function neverDeployed({ directory }: SynthesizedStack): boolean {
  const config = JSON.parse(readFileSync(join(directory, "cdk.tf.json"), "utf8")) as {
    readonly terraform?: { readonly backend?: { readonly local?: { readonly path?: string } } };
  };
  const backend = config.terraform?.backend;
  if (backend === undefined) return !existsSync(join(directory, ".terraform"));
  const { local } = backend;
  return local !== undefined && !existsSync(resolve(directory, local.path ?? "terraform.tfstate"));
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
  const spec = specOf(stack);
  const output = outputs[MANIFEST_OUTPUT];
  if (output === undefined) {
    throw new Failure("failed", `the stack ${stack.name} is not deployed yet`, {
      code: "stack.not-deployed",
      remedy: `deploy it: ohpc up ${stack.name} (or: npx cdktf deploy ${stack.name}, and then ohpc configure ${stack.name})`,
    });
  }
  const manifest = readManifest(output);
  return {
    project,
    stack,
    spec,
    manifest,
    // Of what exists: a stack that was given another name is not deployed by that.
    privateDirectory: privateDirectory(manifest.cluster, env),
    ...committedHostKeys(project, stack),
  };
}

/**
 * Refuses a stack that was synthesized anew and not deployed since: its files speak of machines that may not exist.
 *
 * @throws Failure
 */
export function refuseUndeployed({ stack, manifest }: Deployment): void {
  if (clusterSpecHash(readFileSync(join(stack.directory, SPEC_FILE), "utf8")) === manifest.wish) return;
  throw new Failure("failed", `the stack ${stack.name} has changed since it was deployed`, {
    code: "stack.changed",
    remedy: `deploy it as it is now: ohpc up ${stack.name} (or: npx cdktf deploy ${stack.name}, and then ohpc configure ${stack.name})`,
  });
}
