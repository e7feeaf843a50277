import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readManifest } from "../../lib/model/manifest";

const root = join(__dirname, "../..");

const APP = `
import { App, TerraformStack } from "cdktf";
import { ComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { FakeCloud } from "cdktf-openhpc/testing";

const app = new App();
const stack = new TerraformStack(app, "demo");
const home = new NfsDisk(stack, "home", { size: Size.gibibytes(100) });
const master = new OpenHpcMaster(stack, "master", { cloud: new FakeCloud(), home });
new ComputePool(stack, "cpu", { master, nodes: Number(process.env.NODES) });
app.synth();
`;

interface State {
  readonly serial: number;
  readonly resources: readonly {
    readonly name: string;
    readonly instances: readonly { readonly attributes: { readonly id: string } }[];
  }[];
}

describe("a stack on the fake cloud", () => {
  let project: string;

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), "terraform-state-"));
    for (const name of ["lib", "node_modules", "tsconfig.json"]) symlinkSync(join(root, name), join(project, name));
    cpSync(join(root, "cdktf.json"), join(project, "cdktf.json"));
    const config = JSON.parse(readFileSync(join(root, "cdktf.json"), "utf8")) as { app: string };
    writeFileSync(
      join(project, "cdktf.json"),
      JSON.stringify({ ...config, app: config.app.replace("stacks/main.ts", "main.ts") }),
    );
    writeFileSync(join(project, "main.ts"), APP);
    await synth(2);
    await terraform("init", "-input=false");
    await terraform("apply", "-auto-approve", "-input=false");
  });
  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });

  function run(command: string, args: readonly string[], cwd: string, nodes = 2): Promise<{ stdout: string }> {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, NODES: String(nodes), CHECKPOINT_DISABLE: "1", CI: "1" };
    return promisify(execFile)(command, args, { cwd, env });
  }

  const synth = (nodes: number) => run(process.execPath, ["-r", "tsx/cjs", "main.ts"], project, nodes);
  const terraform = (...args: string[]) => run("terraform", args, join(project, "cdktf.out/stacks/demo"));
  const state = () => JSON.parse(readFileSync(join(project, "terraform.demo.tfstate"), "utf8")) as State;
  const ids = () =>
    state()
      .resources.flatMap(({ instances }) => instances.map(({ attributes }) => attributes.id))
      .sort();

  it("has its state in the project, where cdktf would have it", () => {
    // One of them is whose the cluster is.
    expect(ids()).toHaveLength(14);
    expect(existsSync(join(project, "cdktf.out/stacks/demo/terraform.tfstate"))).toBe(false);
  });

  it("tells the manifest, with all that was only known after apply", async () => {
    const { stdout } = await terraform("output", "-json", "cluster");
    const { disks } = readManifest(JSON.parse(stdout));
    expect(disks.home).toMatchObject({
      kind: "block",
      device: expect.stringMatching(/^\/dev\/disk\/by-id\/fake-[0-9a-f-]{36}$/) as string,
    });
  });

  it("is the same to `cdktf deploy`, which finds nothing to do", async () => {
    const before = ids();
    await run(join(root, "node_modules/.bin/cdktf"), ["deploy", "demo", "--auto-approve"], project);
    expect(ids()).toEqual(before);
  });

  it("grows by what is new, and changes nothing else", async () => {
    await synth(5);
    const { stdout } = await terraform("plan", "-no-color", "-input=false");
    expect(stdout).toContain("Plan: 6 to add, 0 to change, 0 to destroy.");
  });
});
