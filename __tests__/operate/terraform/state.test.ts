import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Terraform } from "../../../lib/operate/terraform/terraform";
import { PretendedStack } from "../../support/pretended-stack";

describe("the state", () => {
  const stack = new PretendedStack();
  const folder = join(stack.directory, "cdktf.out", "stacks", "demo");
  const asked = join(stack.directory, "asked");
  stack.program("terraform", `touch ${asked}; echo '{"values":{}}'`);

  const define = (backend: object) => {
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ terraform: { backend } }));
  };
  const stateWith = async (env: NodeJS.ProcessEnv = {}) => new Terraform(folder, { ...stack.env, ...env }).state();

  afterAll(() => {
    stack.remove();
  });

  it("of a stack that was never deployed from here is empty, and nobody is asked", async () => {
    define({ local: { path: "../../../terraform.demo.tfstate" } });
    await expect(stateWith()).resolves.toEqual({});
    expect(existsSync(asked)).toBe(false);
  });

  it("is asked for where it is somewhere else, or may be", async () => {
    define({ http: { address: "http://127.0.0.1:1" } });
    await expect(stateWith()).resolves.toEqual({ values: {} });
    define({ local: { path: "../../../terraform.demo.tfstate" } });
    await expect(stateWith({ TF_WORKSPACE: "other" })).resolves.toEqual({ values: {} });
    mkdirSync(join(folder, ".terraform"));
    writeFileSync(join(folder, ".terraform", "environment"), "other");
    await expect(stateWith()).resolves.toEqual({ values: {} });
  });

  it("is asked for where it is there", async () => {
    writeFileSync(join(stack.directory, "terraform.demo.tfstate"), "{}");
    define({ local: { path: "../../../terraform.demo.tfstate" } });
    await expect(stateWith()).resolves.toEqual({ values: {} });
  });
});
