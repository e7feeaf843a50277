import { App, LocalBackend, TerraformBackend, TerraformStack } from "cdktf";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPEC_FILE } from "../model/schema-numbers";
import { instancesOf, type TerraformInstance, type TerraformJson } from "./terraform-json";

/** What synthesizing one stack gave. */
export interface Synthesized {
  /** `cdk.tf.json`, parsed. */
  readonly terraform: TerraformJson;
  /** `cluster.json`, parsed: users, partitions, Slurm settings; `undefined` if the stack has no cluster. */
  readonly spec: unknown;
  /** The value of the output `cluster`; what is known only after apply is still an expression of Terraform. */
  readonly manifest: unknown;
  /** Every instance that Terraform will make, by its address: `terraform_data.x["cpu-1"]`. */
  readonly instances: ReadonlyMap<string, TerraformInstance>;
  /** Every file that was written, by its path below the output directory. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Synthesizes a stack as `cdktf synth` does, in a directory that is gone afterwards. Equal stacks give equal text on every machine.
 *
 * @throws ConfigurationError and whatever else building the stack throws
 */
export function synthesize(build: (stack: TerraformStack) => void, stackName = "demo"): Synthesized {
  const outdir = mkdtempSync(join(tmpdir(), "cdktf-openhpc-"));
  try {
    const app = new App({ outdir, stackTraces: false });
    const stack = new TerraformStack(app, stackName);
    build(stack);
    // The path as seen from cdktf.out/stacks/NAME, not from the directory that is made here.
    const hasBackend = stack.node.findAll().some((construct) => TerraformBackend.isBackend(construct));
    if (!hasBackend) new LocalBackend(stack, { path: `../../../terraform.${stackName}.tfstate` });
    app.synth();
    return read(outdir, stackName);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function read(outdir: string, stackName: string): Synthesized {
  const folder = join("stacks", stackName);
  const files = new Map<string, string>();
  for (const name of ["cdk.tf.json", SPEC_FILE]) {
    try {
      files.set(join(folder, name), readFileSync(join(outdir, folder, name), "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  const parse = (name: string): unknown => JSON.parse(files.get(join(folder, name)) ?? "null") ?? undefined;
  const terraform = parse("cdk.tf.json") as TerraformJson;
  return {
    terraform,
    spec: parse(SPEC_FILE),
    manifest: terraform.output?.["cluster"]?.value,
    instances: instancesOf(terraform),
    files,
  };
}
