import type { TerraformStack } from "cdktf";
import { join, relative, resolve } from "node:path";

/**
 * Makes the path of the default state file relative to the folder in which terraform runs.
 *
 * cdktf writes the absolute path of the project: the same stack then synthesizes differently in every checkout. It stays
 * the very same file. A backend or path of the user's own is left alone.
 *
 * @param folder where `cdk.tf.json` is written
 */
export function relativeStatePath(stack: TerraformStack, folder: string): void {
  const name = `terraform.${stack.node.id}.tfstate`;
  const backend = stack.ensureBackendExists();
  const { terraform } = backend.toTerraform() as { terraform?: { backend?: { local?: { path?: unknown } } } };
  if (terraform?.backend?.local?.path !== join(process.cwd(), name)) return;
  backend.addOverride("path", relative(resolve(folder), resolve(name)));
}
