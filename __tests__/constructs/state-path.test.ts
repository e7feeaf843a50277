import { App, LocalBackend, S3Backend, TerraformStack } from "cdktf";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { smallCluster } from "../support/clusters";

describe("the state file", () => {
  interface Backend {
    readonly local?: { readonly path: string };
    readonly s3?: unknown;
  }

  const here = process.cwd();
  let project: string;
  beforeEach(() => {
    project = realpathSync(mkdtempSync(join(tmpdir(), "state-file-")));
    process.chdir(project);
  });
  afterEach(() => {
    process.chdir(here);
    rmSync(project, { recursive: true });
  });

  function backendOf(prepare: (stack: TerraformStack) => void = () => undefined, outdir = "cdktf.out"): Backend {
    const app = new App({ outdir });
    const stack = new TerraformStack(app, "demo");
    prepare(stack);
    smallCluster(stack);
    app.synth();
    const text = readFileSync(join(outdir, "stacks", "demo", "cdk.tf.json"), "utf8");
    return (JSON.parse(text) as { terraform: { backend: Backend } }).terraform.backend;
  }

  it("is the one that cdktf would use, by a path that does not tell where the project lies", () => {
    const { local } = backendOf();
    expect(local).toEqual({ path: "../../../terraform.demo.tfstate" });
    expect(resolve("cdktf.out/stacks/demo", local?.path ?? "")).toBe(join(project, "terraform.demo.tfstate"));
  });

  it("is the same file when the output goes elsewhere", () => {
    const { local } = backendOf(undefined, join(project, "out"));
    expect(resolve("out/stacks/demo", local?.path ?? "")).toBe(join(project, "terraform.demo.tfstate"));
    expect(backendOf(undefined, "out")).toEqual({ local });
  });

  it("stays where the user put it", () => {
    const own = backendOf((stack) => new LocalBackend(stack, { path: "/srv/state/demo.tfstate" }));
    expect(own).toEqual({ local: { path: "/srv/state/demo.tfstate" } });
    const s3 = backendOf((stack) => new S3Backend(stack, { bucket: "states", key: "demo", region: "eu-west-1" }));
    expect(Object.keys(s3)).toEqual(["s3"]);
  });
});
