import {
  DeleteNetworkInterfaceCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Terraform } from "../../lib/operate/terraform/terraform";
import { DEBIAN, Moto } from "../support/moto";
import { describeWithProvider } from "../support/real-provider";
import { sampleManifest, sampleSpec } from "../support/sample-cluster";
import { type Outcome, run } from "../support/scenario-project";

const ROOT = join(__dirname, "..", "..");
const REGION = "us-east-1";

jest.setTimeout(600_000);

let moto: Moto;
let ec2: EC2Client;
beforeAll(async () => {
  moto = await Moto.start();
  ec2 = new EC2Client({ region: REGION, ...moto.client });
});
afterAll(async () => {
  await moto.stop();
});

/** What runs where, by host. */
async function states(): Promise<Readonly<Record<string, string>>> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
  const entries = Reservations.flatMap(({ Instances = [] }) => Instances).map(({ Tags = [], State }) => [
    Tags.find(({ Key }) => Key === "ohpc:host")?.Value ?? "",
    State?.Name ?? "",
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/**
 * A cluster whose machines are instances without an operating system: what vendors do is real, Slurm is not there. Its
 * stack holds only the manifest, so that no provider is needed.
 */
describe("ohpc, against a server that speaks the API of EC2", () => {
  let directory: string;

  beforeAll(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "aws-day2-")));
    const stack = join(directory, "cdktf.out", "stacks", "demo");
    mkdirSync(stack, { recursive: true });
    mkdirSync(join(directory, "state", "ohpc", "demo"), { recursive: true, mode: 0o700 });
    const { sites, master, ...manifest } = sampleManifest() as { sites: object[]; master: object };
    const access = { host: "127.0.0.1", port: 1, user: "admin", identity: "agent" };
    const value = {
      ...manifest,
      sites: sites.map((site) => ({ ...site, cloud: "aws", place: { region: REGION } })),
      master: { ...master, access },
    };
    writeFileSync(join(directory, "cdktf.json"), '{"app":"true"}');
    const entry = { name: "demo", workingDirectory: "stacks/demo", dependencies: [], annotations: [] };
    writeFileSync(join(directory, "cdktf.out", "manifest.json"), JSON.stringify({ stacks: { demo: entry } }));
    writeFileSync(join(stack, "cluster.json"), JSON.stringify(sampleSpec()));
    const backend = { local: { path: join(directory, "terraform.demo.tfstate") } };
    writeFileSync(
      join(stack, "cdk.tf.json"),
      JSON.stringify({ terraform: { backend }, output: { cluster: { value } } }),
    );
    const terraform = new Terraform(stack, process.env);
    await terraform.initialize();
    await terraform.apply(await terraform.plan(), () => undefined);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await moto.reset();
    for (const host of ["master", "cpu-1", "cpu-2", "cpu-3", "cpu-4", "gpu-1", "gpu-2"]) await machine(host);
  });

  async function machine(host: string, more: Partial<RunInstancesCommandInput> = {}): Promise<void> {
    const role = host === "master" ? "master" : "compute";
    const tags = { "ohpc:cluster": "demo", "ohpc:role": role, "ohpc:host": host };
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const TagSpecifications = [{ ResourceType: "instance" as const, Tags }];
    const input = {
      ImageId: DEBIAN[0]!.id,
      MinCount: 1,
      MaxCount: 1,
      InstanceType: "m7a.large",
      TagSpecifications,
    } as const;
    await ec2.send(new RunInstancesCommand({ ...input, ...more }));
  }

  async function ohpc(...args: string[]): Promise<Outcome> {
    return ohpcWith({ ...process.env, ...moto.env }, ...args);
  }

  async function ohpcWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> {
    const program = ["-r", require.resolve("tsx/cjs"), join(ROOT, "lib", "cli", "main.ts")];
    const here = { ...env, XDG_STATE_HOME: join(directory, "state"), CHECKPOINT_DISABLE: "1" };
    return run(process.execPath, [...program, ...args], directory, here);
  }

  const NODES = ["cpu-1", "cpu-2", "cpu-3", "cpu-4", "gpu-1", "gpu-2"];
  const all = (state: string, hosts = NODES) => Object.fromEntries(hosts.map((host) => [host, state]));

  it("stops nothing of a master that does not answer, unless somebody agrees; then nodes, and with --all the master", async () => {
    const asked = await ohpc("stop", "demo");
    expect(asked).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("master does not answer: jobs may be running") as string,
    });
    expect(asked.stderr).toContain("ohpc stop demo --yes");
    expect(await states()).toEqual(all("running", ["master", ...NODES]));

    const pool = await ohpc("stop", "demo", "--pool", "gpu", "cpu-[2-3]", "--yes", "--json");
    expect(pool.code).toBe(0);
    expect(JSON.parse(pool.stdout)).toMatchObject({ stopped: ["cpu-2", "cpu-3", "gpu-1", "gpu-2"], already: [] });
    expect(pool.stderr).toContain("Slurm was not told");
    expect(await states()).toMatchObject({
      master: "running",
      "cpu-1": "running",
      "cpu-2": "stopped",
      "gpu-2": "stopped",
    });

    const rest = await ohpc("stop", "demo", "--all", "--yes", "--json");
    expect(JSON.parse(rest.stdout)).toMatchObject({
      stopped: ["cpu-1", "cpu-4", "master"],
      already: ["cpu-2", "cpu-3", "gpu-1", "gpu-2"],
    });
    expect(await states()).toEqual(all("stopped", ["master", ...NODES]));

    const again = await ohpc("stop", "demo", "--all");
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing had to be stopped") as string });
    const status = await ohpc("status", "demo");
    expect(status).toMatchObject({ code: 5, stderr: expect.stringContaining("demo is stopped") as string });
    expect(status.stderr).toContain("ohpc resume demo");
  });

  it("resumes the machines, and says that the master does not answer", async () => {
    await ohpc("stop", "demo", "--all", "--yes");
    const one = await ohpc("resume", "demo", "cpu-1", "--timeout", "0.02");
    expect(one).toMatchObject({ code: 5, stderr: expect.stringContaining("master does not answer") as string });
    expect(await states()).toEqual({ ...all("stopped"), master: "running", "cpu-1": "running" });
    await ohpc("resume", "demo", "--timeout", "0.02");
    expect(await states()).toEqual(all("running", ["master", ...NODES]));
  });

  it("refuses to stop spot machines by their names; it ends them when it is told so", async () => {
    await moto.reset();
    for (const host of ["master", "cpu-1"]) await machine(host);
    for (const host of ["gpu-1", "gpu-2"]) await machine(host, { InstanceMarketOptions: { MarketType: "spot" } });
    const refused = await ohpc("stop", "demo", "--yes");
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("gpu-[1-2]: spot machines cannot be stopped") as string,
    });
    expect(refused.stderr).toContain("--end-spot");
    expect(await states()).toEqual(all("running", ["master", "cpu-1", "gpu-1", "gpu-2"]));

    const asked = await ohpc("stop", "demo", "--end-spot");
    expect(asked).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("2 spot machines would be ended") as string,
    });
    const ended = await ohpc("stop", "demo", "--end-spot", "--yes", "--json");
    expect(JSON.parse(ended.stdout)).toMatchObject({ stopped: ["cpu-1"], ended: ["gpu-1", "gpu-2"] });
    expect(await states()).toEqual({
      master: "running",
      "cpu-1": "stopped",
      "gpu-1": "terminated",
      "gpu-2": "terminated",
    });
  });

  it("tells that there are no credentials, and what to do", async () => {
    const { code, stderr } = await ohpcWith(
      {
        PATH: process.env["PATH"],
        HOME: directory,
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_ENDPOINT_URL: moto.endpoint,
      },
      ...["stop", "demo"],
    );
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("no credentials for AWS") as string });
    expect(stderr).toContain("power.credentials");
  });
});

const withProvider = describeWithProvider("hashicorp/aws", "6.25.0");

/** A cluster that Terraform makes; its machines have no operating system either. */
withProvider("ohpc with the real provider", () => {
  let directory: string;
  let stack: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    await moto.reset();
    directory = join(ROOT, ".build", `aws-day2-${process.pid}`);
    stack = join(directory, "cdktf.out", "stacks", "demo");
    mkdirSync(join(directory, "state", "ohpc", "demo"), { recursive: true, mode: 0o700 });
    const config = join(directory, "terraform.rc");
    const mirror = process.env["OHPC_TEST_PLUGIN_DIR"];
    const installation = mirror === undefined ? "direct {}" : `filesystem_mirror {\n    path = "${mirror}"\n  }`;
    writeFileSync(config, `provider_installation {\n  ${installation}\n}\n`);
    env = {
      ...process.env,
      ...moto.env,
      AWS_REGION: REGION,
      CHECKPOINT_DISABLE: "1",
      XDG_STATE_HOME: join(directory, "state"),
      TF_CLI_CONFIG_FILE: config,
    };
    const app = `node -r ${require.resolve("tsx/cjs")} ${join(ROOT, "__tests__", "support", "moto-stack.ts")}`;
    writeFileSync(join(directory, "cdktf.json"), JSON.stringify({ language: "typescript", app }));
    define(2);
    // Nobody logs in to a machine without an operating system: everything up to there is done.
    expect(await ohpc("up", "demo", "--timeout", "0.02")).toMatchObject({ code: 5 });
    // moto forgets at first that machines are protected.
    expect(await ohpc("up", "demo", "--timeout", "0.02")).toMatchObject({ code: 5 });
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function define(nodes: number): void {
    writeFileSync(join(directory, "definition.json"), JSON.stringify({ nodes }));
  }

  async function ohpc(...args: string[]): Promise<Outcome> {
    const program = ["-r", require.resolve("tsx/cjs"), join(ROOT, "lib", "cli", "main.ts")];
    return run(process.execPath, [...program, ...args], directory, env);
  }

  async function terraform(...args: string[]): Promise<string> {
    const { stdout, stderr } = await run("terraform", [...args, "-no-color"], stack, { ...env, TF_INPUT: "0" });
    return `${stdout}${stderr}`.replaceAll(/[│\s]+/g, " ");
  }

  async function instances(): Promise<Readonly<Record<string, string | undefined>>> {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
    const alive = Reservations.flatMap(({ Instances = [] }) => Instances).filter(
      ({ State }) => State?.Name !== "terminated",
    );
    return Object.fromEntries(
      alive.map(({ Tags = [], InstanceId }) => [Tags.find(({ Key }) => Key === "ohpc:host")?.Value ?? "", InstanceId]),
    );
  }

  /** moto keeps interfaces of ended instances attached; AWS lets go of them. */
  async function whileAwsLetsGo<T>(work: Promise<T>): Promise<T> {
    const done = work.then(
      () => true,
      () => true,
    );
    do {
      const here = new Set(Object.values(await instances()));
      const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
      for (const { NetworkInterfaceId, Attachment } of NetworkInterfaces) {
        const left = Attachment?.InstanceId !== undefined && !here.has(Attachment.InstanceId);
        if (left) await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })).catch(() => undefined);
      }
    } while (!(await Promise.race([done, sleep(200, false)])));
    return work;
  }

  it("stops and resumes everything, and Terraform has nothing to change", async () => {
    const before = await instances();
    expect(Object.keys(before).sort()).toEqual(["cpu-1", "cpu-2", "master"]);
    expect(await ohpc("stop", "demo", "--all", "--yes")).toMatchObject({ code: 0 });
    expect(await states()).toEqual({ master: "stopped", "cpu-1": "stopped", "cpu-2": "stopped" });
    await ohpc("resume", "demo", "--timeout", "0.02");
    expect(await states()).toEqual({ master: "running", "cpu-1": "running", "cpu-2": "running" });
    expect(await terraform("plan")).toContain("No changes.");
    expect(await instances()).toEqual(before);
  });

  it("starts with `ohpc up` what is stopped", async () => {
    await ohpc("stop", "demo", "--all", "--yes");
    const { stdout } = await ohpc("up", "demo", "--timeout", "0.02");
    expect(stdout).toContain("cpu-1, cpu-2, master had stopped, and were started");
    expect(await states()).toEqual({ master: "running", "cpu-1": "running", "cpu-2": "running" });
  });

  it("shrinks a pool of protected machines when somebody agrees, and touches no other machine", async () => {
    const before = await instances();
    define(1);
    const asked = await ohpc("up", "demo");
    expect(asked).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("1 machine would be destroyed: cpu-2") as string,
    });
    expect(asked.stderr).toContain("jobs may be running");
    expect(await terraform("plan")).toContain("Instance cannot be destroyed");
    expect(await instances()).toEqual(before);

    const { stderr } = await whileAwsLetsGo(ohpc("up", "demo", "--yes", "--timeout", "0.02"));
    expect(stderr).toContain("master does not answer");
    const { "cpu-2": _, ...rest } = before;
    expect(await instances()).toEqual(rest);
  });

  it("destroys everything when somebody agrees; plain Terraform never does", async () => {
    expect(await terraform("destroy", "-auto-approve")).toContain("Instance cannot be destroyed");
    expect(await ohpc("destroy", "demo")).toMatchObject({ code: 3 });
    expect(Object.keys(await instances()).sort()).toEqual(["cpu-1", "master"]);
    const { code, stdout, stderr } = await whileAwsLetsGo(ohpc("destroy", "demo", "--yes", "--json"));
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ destroyed: { machines: ["cpu-1", "master"] } });
    expect(await instances()).toEqual({});
    expect(await terraform("state", "list")).not.toContain("aws_");
  });
});
