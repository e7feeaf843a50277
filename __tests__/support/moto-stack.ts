// The app of a project whose stack is applied against moto: what tests change lies in definition.json beside cdktf.json.
import { App, TerraformStack } from "cdktf";
import { ComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import type { TerraformJson } from "cdktf-openhpc/testing";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { operator } from "../../stacks/operator";
import { forMoto } from "./moto-faults";

const { nodes } = JSON.parse(readFileSync("definition.json", "utf8")) as { readonly nodes: number };
const app = new App();
const stack = new TerraformStack(app, "demo");
const home = new NfsDisk(stack, "home", { size: Size.gibibytes(20) });
const master = new OpenHpcMaster(stack, "master", {
  cloud: new AwsCloud({ region: "us-east-1", access: operator }),
  home,
});
new ComputePool(stack, "cpu", { master, nodes, machine: "medium" });
app.synth();

const file = join(app.outdir, "stacks", "demo", "cdk.tf.json");
const mended = forMoto(JSON.parse(readFileSync(file, "utf8")) as TerraformJson);
// Providers that were fetched by hand are of whatever version.
const providers = mended.terraform?.["required_providers"] as Record<string, { version: string }> | undefined;
if (process.env["OHPC_TEST_PLUGIN_DIR"] !== undefined)
  for (const provider of Object.values(providers ?? {})) provider.version = ">= 0.1.0";
writeFileSync(file, JSON.stringify(mended, undefined, 2));
