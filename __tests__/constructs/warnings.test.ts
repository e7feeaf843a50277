import { App, TerraformStack } from "cdktf";
import { ComputePool, Users } from "cdktf-openhpc";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeMaster, smallCluster } from "../support/clusters";

describe("what is legal but hardly meant is a warning", () => {
  function warnings(build: (stack: TerraformStack) => void): readonly string[] {
    const outdir = mkdtempSync(join(tmpdir(), "warnings-"));
    const app = new App({ outdir });
    build(new TerraformStack(app, "demo"));
    app.synth();
    const text = readFileSync(join(outdir, "manifest.json"), "utf8");
    rmSync(outdir, { recursive: true });
    expect(text).not.toContain(process.cwd());
    const { stacks } = JSON.parse(text) as { stacks: { demo: { annotations: { level: string; message: string }[] } } };
    return stacks.demo.annotations.filter(({ level }) => level === "@cdktf/warn").map(({ message }) => message);
  }

  it("GPUs that no job can have", () => {
    expect(warnings((stack) => smallCluster(stack, { machine: "gpu" }))).toEqual([
      expect.stringContaining("use GpuComputePool"),
    ]);
  });

  it("a partition for a group that no user is in", () => {
    const told = warnings((stack) => {
      const master = fakeMaster(stack, { users: Users.of([], [{ name: "physics", gid: 3000 }]) });
      new ComputePool(stack, "cpu", {
        master,
        nodes: 1,
        partition: { name: "cpu", allowGroups: ["physic", "physics"] },
      });
    });
    expect(told).toEqual([
      'allowGroups names "physic", which is no group of the cluster\'s users; did you mean "physics"?',
    ]);
  });

  it("and nothing else", () => {
    expect(warnings((stack) => smallCluster(stack))).toEqual([]);
  });
});
