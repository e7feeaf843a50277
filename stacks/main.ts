/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports -- a stack is loaded
   only when it is built: whoever works on this machine does not wait for the providers of the clouds */
import { App, TerraformStack } from "cdktf";
import type { Construct } from "constructs";

/** Every stack by its name. */
const STACKS: Readonly<Record<string, () => (scope: Construct) => void>> = {
  demo: () => (require("./demo") as typeof import("./demo")).demo,
  lab: () => (require("./lab") as typeof import("./lab")).lab,
  "aws-demo": () => (require("./aws-demo") as typeof import("./aws-demo")).awsDemo,
  "aws-gpu": () => (require("./aws-gpu") as typeof import("./aws-gpu")).awsGpu,
  "aws-existing-network": () =>
    (require("./aws-existing-network") as typeof import("./aws-existing-network")).awsExistingNetwork,
  "azure-demo": () => (require("./azure-demo") as typeof import("./azure-demo")).azureDemo,
  "azure-gpu": () => (require("./azure-gpu") as typeof import("./azure-gpu")).azureGpu,
  "azure-existing-network": () =>
    (require("./azure-existing-network") as typeof import("./azure-existing-network")).azureExistingNetwork,
};

// ohpc names the one stack that it needs; cdktf builds them all.
const { OHPC_STACK: only } = process.env;
const app = new App();
for (const [name, load] of Object.entries(STACKS)) {
  if (only === undefined || only === name || !Object.hasOwn(STACKS, only)) load()(new TerraformStack(app, name));
}
app.synth();
