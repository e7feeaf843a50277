import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PowerError } from "../../lib/clouds/power";
import { applyDeployment } from "../../lib/operate/deploy/apply-deployment";
import { planDeployment } from "../../lib/operate/deploy/deployment-plan";
import type { Platform } from "../../lib/operate/deploy/platform";
import { judgePlan } from "../../lib/operate/terraform/plan";
import { withoutPreventDestroy } from "../../lib/operate/terraform/prevent-destroy";
import { Terraform } from "../../lib/operate/terraform/terraform";
import { destroyStack as destroy } from "../../lib/operate/verbs/destroy";
import { Duration } from "../../lib/units";
import { Place } from "../support/place";
import { sampleManifest, sampleSpec } from "../support/sample-cluster";

const ROOT = join(__dirname, "..", "..");
const TSX = require.resolve("tsx/cjs");

/** Nobody listens at its port. */
const place = Place.take("terraform");
const silentPort = place.port();
const silentManifest = () => sampleManifest(silentPort);
afterAll(() => {
  place.release();
});

let directory: string;
let stack: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "ohpc-terraform-")));
  stack = join(directory, "cdktf.out", "stacks", "demo");
  mkdirSync(stack, { recursive: true });
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const SILENT = {
  phase: async <T>(_: string, work: (report: { title(): void; detail(): void }) => Promise<T>) =>
    work({ title: () => undefined, detail: () => undefined }),
  note: () => undefined,
};

/** A stack of two machines whose creation runs `command`. */
function write(command: string, hosts: readonly string[] = ["cpu-1", "cpu-2"], output: unknown = { schema: 1 }): void {
  const machines = {
    for_each: Object.fromEntries(hosts.map((host) => [host, host])),
    input: { kind: "machine", name: "${each.key}" },
    provisioner: [{ "local-exec": { command, quiet: true } }],
  };
  const config = {
    terraform: { backend: { local: { path: join(directory, "terraform.demo.tfstate") } } },
    resource: { terraform_data: { machines } },
    output: { cluster: { value: output } },
  };
  writeFileSync(join(stack, "cdk.tf.json"), JSON.stringify(config));
}

const terraform = () => new Terraform(stack, process.env);
const address = (host: string) => `terraform_data.machines["${host}"]`;

async function applied(): Promise<Readonly<Record<string, unknown>>> {
  await terraform().initialize();
  return terraform().apply(await terraform().plan(), () => undefined);
}

describe("running Terraform", () => {
  it("plans, applies, hands back the outputs, and then finds nothing to change", async () => {
    write("true");
    expect(await applied()).toEqual({ cluster: { schema: 1 } });
    expect(await terraform().outputs()).toEqual({ cluster: { schema: 1 } });
    const again = await terraform().plan();
    expect(again.changesAnything).toBe(false);
    terraform().discard(again);
    expect(existsSync(again.file)).toBe(false);
  });

  it("initializes once, and again when the backend is another", async () => {
    write("true");
    const mark = join(stack, ".terraform", "ohpc-init");
    await terraform().initialize();
    const first = statSync(mark).mtimeMs;
    await terraform().initialize();
    expect(statSync(mark).mtimeMs).toBe(first);
    const before = readFileSync(mark, "utf8");
    writeFileSync(
      join(stack, "cdk.tf.json"),
      readFileSync(join(stack, "cdk.tf.json"), "utf8").replace(
        '"terraform":{',
        '"terraform":{"required_version":">= 1.0",',
      ),
    );
    await terraform().initialize();
    expect(readFileSync(mark, "utf8")).not.toBe(before);
  });

  it("initializes by itself when somebody has removed what init had made", async () => {
    write("true");
    await applied();
    rmSync(join(stack, ".terraform"), { recursive: true });
    mkdirSync(join(stack, ".terraform"));
    expect((await terraform().plan()).changesAnything).toBe(false);
    rmSync(join(stack, ".terraform"), { recursive: true });
    expect(await terraform().outputs()).toEqual({ cluster: { schema: 1 } });
  });

  it("names the machine that could not be made, and shows what its program wrote; the next plan makes it without asking", async () => {
    write('[ "${each.key}" = cpu-1 ] || { echo "the cable is loose" >&2; exit 7; }');
    await expect(applied()).rejects.toMatchObject({
      kind: "failed",
      message: "terraform apply failed at cpu-2",
      details: { output: ["cpu-2: the cable is loose"] },
    });
    write("true");
    const verdict = judgePlan(await terraform().show(await terraform().plan()));
    expect(verdict.changes).toMatchObject([{ action: "replace", name: "cpu-2", reason: "replace_because_tainted" }]);
    expect(verdict.losses).toEqual([]);
  });

  it("makes anew what is told to be missing, and counts it as no loss", async () => {
    write("true");
    await applied();
    const platform = {
      patience: Duration.minutes(2),
      prepare: async () => Promise.resolve(),
      claim: async () => Promise.resolve(undefined),
      displaced: async () => Promise.resolve([]),
      drift: async () => Promise.resolve({ missing: [address("cpu-2")], stopped: [] }),
      start: async () => Promise.resolve(),
      remains: async () => Promise.resolve([]),
      sweep: async () => Promise.resolve(),
    };
    const planned = await planDeployment(
      { name: "demo", directory: stack, dependencies: [], warnings: [] },
      platform,
      { project: { directory }, env: process.env },
      SILENT,
    );
    expect(planned.verdict).toMatchObject({ changes: [{ name: "cpu-2", action: "replace" }], losses: [] });
    expect(planned.outputs).toEqual({ cluster: { schema: 1 } });
  });

  it("plans to destroy everything", async () => {
    write("true");
    await applied();
    const plan = await terraform().planDestroy();
    expect(judgePlan(await terraform().show(plan)).losses.map(({ name }) => name)).toEqual(["cpu-1", "cpu-2"]);
    await terraform().apply(plan, () => undefined);
    expect(await terraform().outputs()).toEqual({});
  });

  it("tells what is wrong with a stack that Terraform does not understand", async () => {
    writeFileSync(join(stack, "cdk.tf.json"), '{"output":{"x":{"value":"${nonsense.y}"}}}');
    await expect(terraform().plan()).rejects.toMatchObject({
      message: expect.stringContaining("terraform plan: ") as string,
    });
  });

  it("lets Terraform come to its end when it is interrupted, and goes on the next time", async () => {
    const started = join(directory, "started");
    // Terraform ends it: however late the interrupt comes, it comes in the middle.
    write(`touch ${started}.\${each.key}; sleep 300`, ["cpu-1"]);
    await terraform().initialize();
    const program = `
      const { Terraform } = require(${JSON.stringify(join(ROOT, "lib/operate/terraform/terraform.ts"))});
      const t = new Terraform(${JSON.stringify(stack)}, process.env);
      t.plan().then((plan) => t.apply(plan, () => undefined)).catch((error) => { console.log(error.kind); });`;
    const child = spawn(process.execPath, ["-r", TSX, "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (text: Buffer) => (said += text.toString()));
    const ended = new Promise((resolve) => child.on("close", resolve));
    while (!existsSync(`${started}.cpu-1`) && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGINT");
    await ended;
    expect(said.trim()).toBe("interrupted");
    write("true", ["cpu-1"]);
    expect(judgePlan(await terraform().show(await terraform().plan())).losses).toEqual([]);
    expect(await applied()).toEqual({ cluster: { schema: 1 } });
  });
});

describe("machines that a stack protects", () => {
  const OVERRIDE = "ohpc_override.tf.json";

  /** As `write`; the machines are protected, and a disk if one is wanted. */
  function protect(hosts: readonly string[], disk = false): void {
    write("true", hosts, silentManifest());
    const file = join(stack, "cdk.tf.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as { resource: { terraform_data: Record<string, object> } };
    const lifecycle = { prevent_destroy: true };
    const all = config.resource.terraform_data;
    all["machines"] = { ...all["machines"], lifecycle };
    if (disk) all["home"] = { input: { kind: "volume", name: "home" }, lifecycle };
    writeFileSync(file, JSON.stringify(config));
    writeFileSync(join(stack, "cluster.json"), JSON.stringify(sampleSpec()));
  }

  const synthesizedStack = () => ({ name: "demo", directory: stack, dependencies: [], warnings: [] });
  const place = () => ({ cwd: directory, env: { ...process.env, XDG_STATE_HOME: join(directory, "state") } });
  const yes = { yes: true };

  async function plain(...args: string[]): Promise<string> {
    const child = spawn("terraform", [...args, "-no-color", "-input=false"], { cwd: stack });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()));
    await new Promise((resolve) => child.on("close", resolve));
    return said.replaceAll(/[│\s]+/g, " ");
  }

  async function machines(): Promise<readonly string[]> {
    const { values } = (await terraform().state()) as {
      values?: { root_module: { resources?: { index?: string }[] } };
    };
    return (values?.root_module.resources ?? []).flatMap(({ index }) => index ?? []);
  }

  it("are lost only to ohpc, when somebody has agreed: plain Terraform refuses before and after", async () => {
    protect(["cpu-1", "cpu-2"]);
    await applied();
    protect(["cpu-1"]);
    expect(await plain("plan")).toContain("Instance cannot be destroyed");

    const planned = async () =>
      planDeployment(synthesizedStack(), undefined, { project: { directory }, env: place().env }, SILENT);
    const refused = await planned();
    expect(refused.verdict.losses).toMatchObject([{ name: "cpu-2", action: "delete" }]);
    expect(existsSync(join(stack, OVERRIDE))).toBe(false);
    const options = { env: place().env, command: "ohpc up demo" };
    await expect(applyDeployment(refused, { ...options, consenter: { yes: false } }, SILENT)).rejects.toMatchObject({
      kind: "consent",
      details: { output: expect.arrayContaining(["1 machine would be destroyed: cpu-2"]) as unknown },
    });
    expect(await machines()).toEqual(["cpu-1", "cpu-2"]);
    expect(await plain("destroy", "-auto-approve")).toContain("Instance cannot be destroyed");

    await applyDeployment(await planned(), { ...options, consenter: yes }, SILENT);
    expect(await machines()).toEqual(["cpu-1"]);
    expect(await plain("destroy", "-auto-approve")).toContain("Instance cannot be destroyed");
  });

  it("that have stopped are started when somebody has agreed, and only those that stay", async () => {
    write("true", ["cpu-1", "cpu-2", "cpu-3"]);
    await applied();
    write("true", ["cpu-1", "cpu-3"]);
    const asked: string[][] = [];
    const platform: Platform = {
      patience: Duration.minutes(2),
      prepare: async () => Promise.resolve(),
      claim: async () => Promise.resolve(undefined),
      displaced: async () => Promise.resolve([]),
      drift: async () => Promise.resolve({ missing: [], stopped: ["cpu-1", "cpu-2", "cpu-3"] }),
      start: async (hosts) => {
        asked.push([...hosts]);
        return Promise.reject(new PowerError("capacity", ["cpu-3"], "none is free", "try later"));
      },
      remains: async () => Promise.resolve([]),
      sweep: async () => Promise.resolve(),
    };
    const ground = { project: { directory }, env: place().env };
    const options = { env: place().env, command: "ohpc up demo", platform };
    const refused = await planDeployment(synthesizedStack(), platform, ground, SILENT);
    await expect(applyDeployment(refused, { ...options, consenter: { yes: false } }, SILENT)).rejects.toMatchObject({
      kind: "consent",
    });
    expect(asked).toEqual([]);

    const planned = await planDeployment(synthesizedStack(), platform, ground, SILENT);
    const done = await applyDeployment(planned, { ...options, consenter: yes }, SILENT);
    expect(asked).toEqual([["cpu-1", "cpu-3"]]);
    expect(done).toMatchObject({ started: ["cpu-1"], failure: { failure: "capacity" } });
    expect(await machines()).toEqual(["cpu-1", "cpu-3"]);
  });

  it("are not asked for in vain: a plan whose machines cannot be looked at leaves no file", async () => {
    write("true");
    await applied();
    const drift = async () => Promise.reject(new Error("no engine"));
    const platform = { claim: async () => Promise.resolve(undefined), drift } as unknown as Platform;
    const ground = { project: { directory }, env: place().env };
    await expect(planDeployment(synthesizedStack(), platform, ground, SILENT)).rejects.toThrow("no engine");
    expect(existsSync(join(stack, ".terraform", "ohpc.tfplan"))).toBe(false);
  });

  it("go with the whole cluster, when somebody has agreed", async () => {
    protect(["cpu-1", "cpu-2"]);
    await applied();
    const options = { project: { directory }, platform: undefined };
    const asked = destroy(synthesizedStack(), place(), { ...options, consenter: { yes: false } }, SILENT);
    await expect(asked).rejects.toMatchObject({ kind: "consent" });
    expect(await plain("destroy", "-auto-approve")).toContain("Instance cannot be destroyed");
    const destroyed = await destroy(synthesizedStack(), place(), { ...options, consenter: yes }, SILENT);
    expect(destroyed).toMatchObject({ machines: ["cpu-1", "cpu-2"] });
    expect(await machines()).toEqual([]);
  });

  it("do not take with them a disk that must stay: that is told, and nothing is changed", async () => {
    protect(["cpu-1"], true);
    await applied();
    const destroyed = destroy(
      synthesizedStack(),
      place(),
      { project: { directory }, platform: undefined, consenter: yes },
      SILENT,
    );
    await expect(destroyed).rejects.toMatchObject({
      details: { code: "terraform.protected", remedy: expect.stringContaining("whenRemoved") as string },
    });
    expect(existsSync(join(stack, OVERRIDE))).toBe(false);
    expect(await machines()).toEqual(["cpu-1"]);
  });

  it("are protected again after an ohpc that was killed", async () => {
    protect(["cpu-1"]);
    await applied();
    writeFileSync(
      join(stack, OVERRIDE),
      JSON.stringify(withoutPreventDestroy(JSON.parse(readFileSync(join(stack, "cdk.tf.json"), "utf8")))),
    );
    expect(await plain("plan", "-destroy")).toContain("1 to destroy");
    await terraform().initialize();
    expect(await plain("plan", "-destroy")).toContain("Instance cannot be destroyed");
  });
});

describe("verbs that only read", () => {
  async function ohpc(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const env = { ...process.env, XDG_STATE_HOME: join(directory, "state") };
    const child = spawn(process.execPath, ["-r", TSX, join(ROOT, "lib/cli/main.ts"), ...args], { cwd: directory, env });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, stdout, stderr };
  }

  /** A project as the app left it. */
  function synthesized(manifest: object): void {
    write("true", ["cpu-1"], manifest);
    writeFileSync(join(directory, "cdktf.json"), '{"app":"true"}');
    writeFileSync(join(stack, "cluster.json"), JSON.stringify(sampleSpec()));
    const entry = { name: "demo", workingDirectory: "stacks/demo", dependencies: [], annotations: [] };
    writeFileSync(join(directory, "cdktf.out", "manifest.json"), JSON.stringify({ stacks: { demo: entry } }));
  }

  it.each(["configure", "status", "ssh", "stop", "resume", "inventory", "known-hosts"])(
    "tell that the stack is not deployed yet: %s",
    async (verb) => {
      synthesized(silentManifest());
      const { code, stderr } = await ohpc(verb, "demo");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(
          "error: the stack demo is not deployed yet\n  mend   deploy it: ohpc up demo",
        ) as string,
      });
    },
  );

  it("refuse a manifest that a newer version wrote, and name it", async () => {
    synthesized({ ...silentManifest(), schema: 99 });
    await applied();
    const { code, stderr } = await ohpc("status", "demo");
    expect(code).toBe(2);
    expect(stderr).toContain("the manifest has schema 99, written by a newer cdktf-openhpc");
  });

  it("read what is deployed, whoever deployed it", async () => {
    synthesized(silentManifest());
    await applied();
    const [inventory, list] = await Promise.all([ohpc("inventory", "demo", "--list"), ohpc("list", "--json")]);
    expect(JSON.parse(inventory.stdout)).toMatchObject({ cpu: { hosts: ["cpu-1", "cpu-2", "cpu-3", "cpu-4"] } });
    expect(JSON.parse(list.stdout)).toEqual({
      ok: true,
      stacks: [{ stack: "demo", cluster: "demo", deployed: true, nodes: 6 }],
    });
  });

  it("say who does not answer, with an exit code of its own", async () => {
    const unreachable = { host: "127.0.0.1", port: 1, user: "root", identity: "cluster" };
    const manifest = silentManifest() as { master: object };
    synthesized({ ...manifest, master: { ...manifest.master, access: unreachable } });
    await applied();
    mkdirSync(join(directory, "state", "ohpc", "demo"), { recursive: true, mode: 0o700 });
    const { code, stdout } = await ohpc("status", "demo", "--json");
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "remote.unreachable", host: "master" } });
  });
});
