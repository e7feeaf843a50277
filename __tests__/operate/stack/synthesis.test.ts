import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "../../../lib/operate/feedback/failure";
import { findProject } from "../../../lib/operate/stack/project";
import { readSynthesis, stackNamed, synthesize, withDependencies } from "../../../lib/operate/stack/synthesis";

const ENV = { PATH: process.env["PATH"] };

let directory: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "ohpc-project-")));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** A project whose app is a program of Node.js. */
function project(app: string, config: object = {}): void {
  writeFileSync(join(directory, "app.js"), app);
  writeFileSync(join(directory, "cdktf.json"), JSON.stringify({ app: "node app.js", ...config }));
}

/** What cdktf itself writes. */
const WRITES_STACKS = `
  const fs = require("fs"), out = process.env.CDKTF_OUTDIR;
  fs.mkdirSync(out, { recursive: true });
  const stack = (name, dependencies, annotations = []) => ({ name, dependencies, annotations, workingDirectory: "stacks/" + name });
  const warning = { constructPath: "demo/cpu", level: "@cdktf/warn", message: "unusual" };
  fs.writeFileSync(out + "/manifest.json", JSON.stringify({ version: "0.21.0", stacks: {
    demo: stack("demo", ["net"], [warning]), net: stack("net", ["base"]), base: stack("base", []) } }));
`;

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error as Failure,
  );
}

describe("running the app", () => {
  it("hands back the stacks with their warnings", async () => {
    project(WRITES_STACKS);
    const synthesis = await synthesize(findProject(directory, ENV), ENV);
    expect(synthesis.stacks.map(({ name }) => name)).toEqual(["demo", "net", "base"]);
    expect(stackNamed(synthesis, "demo")).toMatchObject({
      directory: join(directory, "cdktf.out/stacks/demo"),
      warnings: ["demo/cpu: unusual"],
    });
  });

  it("gives it the context, and no Terraform variables", async () => {
    project(
      `${WRITES_STACKS}
      if (process.env.TF_VAR_secret !== undefined) throw new Error("it sees TF_VAR_secret");
      if (JSON.parse(process.env.CDKTF_CONTEXT_JSON).region !== "x") throw new Error("no context");`,
      { context: { region: "x" } },
    );
    await expect(synthesize(findProject(directory, ENV), { ...ENV, TF_VAR_secret: "s" })).resolves.toBeDefined();
  });

  it("tells the problems of a configuration as they are, without a stack trace", async () => {
    project(`class ConfigurationError extends Error { name = "ConfigurationError" }
      throw new ConfigurationError('ComputePool "demo/cpu" cannot be built:\\n  - nodes is 0, but must be a whole number from 1 to 10000')`);
    const failure = await failureOf(synthesize(findProject(directory, ENV), ENV));
    expect(failure).toMatchObject({ kind: "usage", details: { code: "app.configuration" } });
    expect(failure.message).toBe(
      'ComputePool "demo/cpu" cannot be built:\n  - nodes is 0, but must be a whole number from 1 to 10000',
    );
    expect(failure.details.output).toBeUndefined();
  });

  it("tells an amount that is none, and where it stands", async () => {
    project(`function gibibytes(amount) {
      throw new RangeError("a size must be a finite number that is not negative, but was given " + amount);
    }
    gibibytes(-1);`);
    const failure = await failureOf(synthesize(findProject(directory, ENV), ENV));
    expect(failure).toMatchObject({ kind: "usage", details: { code: "app.configuration" } });
    expect(failure.message).toBe("a size must be a finite number that is not negative, but was given -1");
    expect(failure.details).toEqual({ code: "app.configuration", cause: `it is in ${join(directory, "app.js")}:2` });
  });

  it.each([
    [`require("@cdktf/provider-aws/lib/instance")`, "@cdktf/provider-aws", ">=21 <26"],
    [`require("left-pad")`, "left-pad", "*"],
    [`import("left-pad/x.js")`, "left-pad", "*"],
  ])("names the package that %s misses, and how to install it", async (app, name, range) => {
    project(app);
    const failure = await failureOf(synthesize(findProject(directory, ENV), ENV));
    expect(failure).toMatchObject({ kind: "usage", details: { code: "app.package" } });
    expect([failure.message, failure.details.remedy]).toEqual([
      `the app needs the package ${name}, which is not installed`,
      `npm install "${name}@${range}"`,
    ]);
  });

  it("takes no file of the app's own for a package", async () => {
    project(`require("./stacks")`);
    expect((await failureOf(synthesize(findProject(directory, ENV), ENV))).details.code).toBe("app.crashed");
  });

  it("tells what cdktf's own validation refuses", async () => {
    project(`throw new Error("Validation failed with the following errors:\\n  [demo/x] no")`);
    expect(await failureOf(synthesize(findProject(directory, ENV), ENV))).toMatchObject({
      kind: "usage",
      details: { code: "app.validation" },
    });
  });

  it("shows the last lines of an app that crashed", async () => {
    project(`console.error("first"); throw new TypeError("x is not a function")`);
    const failure = await failureOf(synthesize(findProject(directory, ENV), ENV));
    expect(failure).toMatchObject({ kind: "failed", message: "the app ended with exit code 1: node app.js" });
    expect(failure.details.output?.join("\n")).toContain("x is not a function");
  });

  it("says so when the app's command does not exist", async () => {
    project("", { app: "no-such-program-here main.ts" });
    const failure = await failureOf(synthesize(findProject(directory, ENV), ENV));
    expect(failure.details.remedy).toContain("npm install");
  });

  it("says so when the app synthesizes nothing", async () => {
    project("");
    expect((await failureOf(synthesize(findProject(directory, ENV), ENV))).details.remedy).toBe(
      "call app.synth() at the end of the app",
    );
  });
});

describe("stacks", () => {
  beforeEach(async () => {
    project(WRITES_STACKS);
    await synthesize(findProject(directory, ENV), ENV);
  });
  const synthesis = () => readSynthesis(findProject(directory, ENV)) ?? { stacks: [] };

  it("are known from the last run of the app", () => {
    expect(synthesis().stacks).toHaveLength(3);
  });

  it("are suggested when the name is nearly right", () => {
    expect(() => stackNamed(synthesis(), "demmo")).toThrow(
      expect.objectContaining({
        kind: "usage",
        message: 'the app has no stack "demmo"',
        details: { code: "stack.unknown", remedy: 'did you mean "demo"? it has demo, net, base' },
      }) as Error,
    );
  });

  it("may be built one at a time, and the others stay known", async () => {
    mkdirSync(join(directory, "cdktf.out/stacks/other"), { recursive: true });
    writeFileSync(join(directory, "cdktf.out/stacks/other/cdk.tf.json"), "{}");
    project(`if (process.env.OHPC_STACK !== "demo") throw new Error("asked for all");${WRITES_STACKS}`);
    const { stacks } = await synthesize(findProject(directory, ENV), ENV, "demo");
    expect(stacks.map(({ name }) => name)).toEqual(["demo", "net", "base"]);
    expect(synthesis().stacks.map(({ name }) => name)).toEqual(["demo", "net", "base", "other"]);
  });

  it("come after those that they use", () => {
    const all = synthesis();
    expect(withDependencies(all, stackNamed(all, "demo")).map(({ name }) => name)).toEqual(["base", "net", "demo"]);
    expect(withDependencies(all, stackNamed(all, "base")).map(({ name }) => name)).toEqual(["base"]);
  });
});
