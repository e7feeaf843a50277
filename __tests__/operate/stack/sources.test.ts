import { App, TerraformStack } from "cdktf";
import { ComputePool, OpenHpcMaster, Users } from "cdktf-openhpc";
import { FakeCloud } from "cdktf-openhpc/testing";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { summary } from "../../../lib/cli/configure";
import { findProject } from "../../../lib/operate/stack/project";
import { changedSources } from "../../../lib/operate/stack/sources";
import { readSynthesis, stackNamed } from "../../../lib/operate/stack/synthesis";

describe("files that a stack was synthesized from", () => {
  const before = process.cwd();
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "sources-"));
    process.chdir(directory);
    writeFileSync("cdktf.json", '{ "app": "true" }');
    writeFileSync("users.yaml", "users: [{ name: alice, uid: 2001 }]\n");
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(directory, { recursive: true });
  });

  function synthesize(path: string) {
    const app = new App({ outdir: join(directory, "cdktf.out") });
    const stack = new TerraformStack(app, "demo");
    const master = new OpenHpcMaster(stack, "master", { cloud: new FakeCloud(), users: Users.fromFile(path) });
    new ComputePool(stack, "cpu", { master, nodes: 1 });
    app.synth();
    const project = findProject(directory, {});
    return { project, stack: stackNamed(readSynthesis(project)!, "demo") };
  }

  it("are known by what was in them, and by paths that are the same in every checkout", () => {
    const written = (path: string) =>
      readFileSync(join(synthesize(path).stack.directory, "cluster.sources.json"), "utf8");
    expect(written(join(directory, "users.yaml"))).toBe(written("users.yaml"));
    expect(JSON.parse(written("users.yaml"))).toEqual({
      "users.yaml": expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });

  it("are named when they have changed since, or are gone", () => {
    const { project, stack } = synthesize("users.yaml");
    expect(changedSources(project, stack)).toEqual([]);
    writeFileSync("users.yaml", "users: [{ name: alice, uid: 2001 }, { name: bob, uid: 2002 }]\n");
    expect(changedSources(project, stack)).toEqual(["users.yaml"]);
    rmSync("users.yaml");
    expect(changedSources(project, stack)).toEqual(["users.yaml"]);
  });

  it("are told by configure, which does not synthesize, with what does", () => {
    const done = { cluster: "demo", changed: [], unchanged: [], introduced: [] };
    expect(summary("demo", { ...done, stale: [] })).toEqual([
      "configured: nothing had to be changed for the stack as it was last synthesized",
    ]);
    expect(summary("demo", { ...done, stale: ["users.yaml"] }).join("\n")).toContain(
      "users.yaml has changed since the stack was synthesized: ohpc up demo takes it",
    );
  });
});
