import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { runEngine } from "../../lib/clouds/local/engine";
import { ScenarioProject, until } from "../support/scenario-project";

/** What a plan says is what happens: one cluster, each test goes on where the one before left it. */
const project = new ScenarioProject("plan", { cpu: 2, gpu: 1, settings: {} });
const remote = new ScenarioProject("backend", { cpu: 1, gpu: 0 });
const copies: ScenarioProject[] = [];
let backend: Server | undefined;

afterAll(async () => {
  for (const one of [...copies, project, remote]) await one.remove();
  backend?.close();
});

describe("before machines exist", () => {
  it("a plan shows what they will be, and Slurm's files; it makes nothing", async () => {
    project.users = usersFile("alice", "bob");
    const { code, stdout, stderr } = await project.ohpc("plan", "--detailed-exitcode");
    expect({ code, stderr }).toEqual({ code: 7, stderr: "" });
    expect(stdout).toContain("+   cpu-2 (machine) create");
    expect(stdout).toContain("+NodeName=cpu-[1-2] NodeAddr=");
    expect(stdout).toContain("+ user alice (uid 2001)");
    expect(stdout).toContain("nobody: no job, user, node or data");
    expect(await containers()).toEqual("");
  });
});

describe("with a job on every node", () => {
  let jobs: Readonly<Record<string, string>> = {};

  it("a plan where nothing is to be done says so, and ends with 0", async () => {
    await project.must("up");
    const { code, stdout } = await project.ohpc("plan", "--detailed-exitcode");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/: nothing to change\n$/) as string });
    jobs = await jobOnEveryNode();
  });

  it("what is live, or a reconfiguration, hits nobody, and nobody is hit; a second time there is nothing to do", async () => {
    project.users = usersFile("alice", "bob", "carol");
    project.definition.settings = { MaxArraySize: "5000" };
    const plan = await planned();
    expect(plan).toMatchObject({ effect: "reconfigure", hit: { jobs: [], users: [], nodes: [], data: [] }, asks: [] });
    expect(plan.settings).toEqual([expect.objectContaining({ key: "MaxArraySize", after: "5000" })]);
    expect(plan.files.map(({ path }) => path)).toEqual(["/etc/slurm/slurm.conf"]);
    await project.must("up", "--max-effect", "reconfigure");
    expect(await statesOf(jobs)).toEqual({ "cpu-1": "RUNNING", "cpu-2": "RUNNING", "gpu-1": "RUNNING" });
    expect(await project.onMaster("scontrol show config | grep MaxArraySize")).toMatch(/= 5000$/);
    expect(plan.settings).toEqual([expect.objectContaining({ why: expect.stringMatching(/^seen: /) as string })]);
    expect(await project.must("up")).toMatchObject({ changes: [], configured: [] });
  });

  it("a munge key that is gone restarts slurmctld, and takes nothing from anybody", async () => {
    await project.onMaster("rm /srv/ohpc/state/munge/munge.key");
    const plan = await planned();
    expect(plan).toMatchObject({ effect: "restart slurmctld", hit: { jobs: [] }, asks: [] });
    expect(plan.byHand).toEqual([
      expect.stringContaining("the munge key on the master is not as it was made") as string,
      "the nodes' bundle on the master is not as it was made: nodes get the munge key",
    ]);
    await project.must("up");
    expect(await statesOf(jobs)).toEqual({ "cpu-1": "RUNNING", "cpu-2": "RUNNING", "gpu-1": "RUNNING" });
    expect(await planned()).toMatchObject({ changes: false });
  });

  it("what Slurm does not take with jobs names all of them, drains every node, and gives it back", async () => {
    project.definition.settings = { ...project.definition.settings, SwitchType: "switch/none" };
    const plan = await planned();
    expect(plan).toMatchObject({ effect: "drain and restart slurmd", hit: { nodes: ["cpu-1", "cpu-2", "gpu-1"] } });
    expect(plan.hit.jobs.map(({ id }) => id).sort()).toEqual(Object.values(jobs).sort());
    const { code, stderr } = await project.ohpc("up");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining("slurmd restarts on their nodes, which no job outlives") as string,
    });
    expect(await restartsOf(jobs)).toEqual({ "cpu-1": "0", "cpu-2": "0", "gpu-1": "0" });
    await project.must("up", "--yes");
    expect(await restartsOf(jobs)).toEqual({ "cpu-1": "1", "cpu-2": "1", "gpu-1": "1" });
    expect(await project.must("up")).toMatchObject({ changes: [], configured: [] });
    for (const id of Object.values(jobs)) await project.onMaster(`scancel ${id}`);
    for (const id of Object.values(jobs)) await queueLacks(id);
    jobs = await jobOnEveryNode();
  });

  it("another name of the cluster is another cluster: all that is lost is named, and nothing is done", async () => {
    const { cluster } = project.definition;
    project.definition.cluster = `${cluster}x`;
    const plan = await planned();
    expect(plan).toMatchObject({ effect: "replace cluster", hit: { nodes: ["cpu-1", "cpu-2", "gpu-1"] } });
    expect(plan.hit.data).toContain(`disk ohpc-${cluster}-home`);
    expect((await project.ohpc("up")).code).toBe(3);
    project.definition.cluster = cluster;
    expect(await planned()).toMatchObject({ changes: false });
    expect(await statesOf(jobs)).toEqual({ "cpu-1": "RUNNING", "cpu-2": "RUNNING", "gpu-1": "RUNNING" });
  });

  it("a machine that is made anew takes its own jobs and no other", async () => {
    const plan = await planned("--for", "replace gpu-1");
    expect(plan.effect).toBe("replace node");
    expect(plan.hit.jobs).toEqual([
      expect.objectContaining({ id: jobs["gpu-1"], fate: "requeues", scope: "node gpu-1" }),
    ]);
    const { code, stderr } = await project.ohpc("replace", "gpu-1");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining(`${jobs["gpu-1"]} alice RUNNING`) as string,
    });
    const before = await containerOf("gpu-1");
    expect(await project.must("replace", "gpu-1", "--yes")).toMatchObject({ replaced: ["gpu-1"] });
    expect(await containerOf("gpu-1")).not.toBe(before);
    expect(await restartsOf(jobs)).toEqual({ "cpu-1": "0", "cpu-2": "0", "gpu-1": "1" });
    expect(await project.must("up")).toMatchObject({ changes: [], configured: [] });
  });

  it("is what somebody may refuse beforehand: more than that is not done", async () => {
    project.definition.gpu = 0;
    const { code, stderr } = await project.ohpc("up", "--yes", "--max-effect", "reconfigure");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining("replace node: delete gpu-1") as string,
    });
    project.definition.gpu = 1;
    expect(await planned()).toMatchObject({ changes: false });
    expect(await statesOf(jobs)).toMatchObject({ "cpu-1": "RUNNING", "cpu-2": "RUNNING" });
  });

  it("that may not be requeued is not covered by --requeue: it is named, and nothing is changed", async () => {
    await project.onMaster(`scancel ${jobs["gpu-1"] ?? ""}`);
    await queueLacks(jobs["gpu-1"] ?? "");
    const stubborn = await submit("alice", "gpu-1", "sleep 3600", "--no-requeue");
    await isRunning(stubborn);
    const { code, stderr } = await project.ohpc("stop", "gpu-1", "--yes", "--requeue");
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining(`${stubborn} alice RUNNING gpu-1`) as string,
    });
    expect(await project.onMaster("sinfo --noheader --nodes=gpu-1 --format=%T | sort -u")).toBe("allocated");
    jobs = { ...jobs, "gpu-1": stubborn };
  });

  it("is waited for: if it is not over in time, the node is open again, and the job runs on", async () => {
    const { code, stderr } = await project.ohpc("replace", "gpu-1", "--yes", "--wait", "3s");
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("not over after 3s") as string });
    expect(await statesOf(jobs)).toEqual({ "cpu-1": "RUNNING", "cpu-2": "RUNNING", "gpu-1": "RUNNING" });
    expect(await project.onMaster("sinfo --noheader --nodes=gpu-1 --format=%T | sort -u")).toBe("allocated");
  });

  it("is waited for until it is over, and ends as it would have; no other is touched", async () => {
    await project.onMaster(`scancel ${jobs["gpu-1"] ?? ""}`);
    await queueLacks(jobs["gpu-1"] ?? "");
    const short = await submit("alice", "gpu-1", "until [ -e go ]; do sleep 0.2; done");
    await isRunning(short);
    const stopping = project.must("stop", "gpu-1", "--wait", "5m");
    await until("the node takes no more jobs", async () => {
      const seen = await project.onMaster("sinfo --noheader --nodes=gpu-1 --format=%T | sort -u");
      return seen === "draining" || seen;
    });
    await project.onMaster("runuser -l alice -c 'touch go'");
    expect(await stopping).toMatchObject({ stopped: ["gpu-1"], jobs: [] });
    expect(await stateOf(short)).toBe("COMPLETED");
    expect(await statesOf({ "cpu-1": jobs["cpu-1"] ?? "", "cpu-2": jobs["cpu-2"] ?? "" })).toEqual({
      "cpu-1": "RUNNING",
      "cpu-2": "RUNNING",
    });
    expect(await planned("--for", "resume")).toMatchObject({
      changes: true,
      resources: [{ name: "gpu-1", action: "start" }],
    });
    expect(await project.must("resume")).toMatchObject({ started: ["gpu-1"] });
  });
});

describe("what somebody has changed by hand", () => {
  it("is named as that, and put right: a file, an account, an association, a service", async () => {
    await project.onMaster(
      [
        "echo '# by hand' >>/etc/slurm/gres.conf",
        "usermod --shell /bin/sh carol",
        "sacctmgr --immediate delete user carol >/dev/null",
        "systemctl stop prometheus-node-exporter",
      ].join("; "),
    );
    const plan = await planned();
    expect(plan.byHand).toHaveLength(4);
    expect(plan.steps.map(({ id, byHand }) => `${id} ${byHand}`).sort()).toEqual([
      "accounts true",
      "metrics true",
      "slurm-accounts true",
      "slurm-conf true",
    ]);
    expect(plan.files).toEqual([
      { path: "/etc/slurm/gres.conf", step: "slurm-conf", diff: expect.stringContaining("-# by hand") as string },
    ]);
    expect(plan.steps.find(({ id }) => id === "accounts")?.words).toEqual(["~ user carol: shell /bin/sh → /bin/bash"]);
    expect(plan.hit.jobs).toEqual([]);
    await project.must("up");
    expect(await planned()).toMatchObject({ changes: false });
  });

  it("is told from what the stack wants to be another", async () => {
    project.definition.settings = { ...project.definition.settings, MaxArraySize: "6000" };
    expect((await planned()).byHand).toEqual([]);
    await project.must("up");
  });
});

describe("a plan that is kept", () => {
  const file = () => join(project.directory, "kept.plan");
  const apply = async (from = project) => from.run("apply", file());

  it("is its owner's alone, and is carried out as it is; once", async () => {
    project.definition.cpu = 3;
    project.users = usersFile("alice", "bob");
    const plan = await planned("--out", file());
    expect(plan).toMatchObject({ scopes: ["user carol"], hit: { users: ["carol"] } });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const first = await apply();
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: "" });
    expect(
      await project.onMaster(
        "sinfo --noheader --Node --format=%N | sort -u | paste -sd,; getent passwd carol || echo none",
      ),
    ).toBe("cpu-1,cpu-2,cpu-3,gpu-1\nnone");
    const second = await apply();
    expect({ code: second.code, stdout: second.stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("was carried out already; nothing was done") as string,
    });
  });

  it("is refused where the stack, the master or the state is not what it was, and says which", async () => {
    project.users = usersFile("alice", "bob", "dave");
    await planned("--out", file());
    project.users = usersFile("alice", "bob", "erin");
    project.save();
    await refused("plan.spec-moved", "users, partitions or settings");

    project.users = usersFile("alice", "bob", "dave");
    project.save();
    await project.onMaster("echo '# by hand' >>/etc/slurm/gres.conf");
    await refused("plan.cluster-moved", "slurm-conf");

    await project.must("up");
    await refused("plan.state-moved", "Terraform's state is not what it was");

    writeFileSync(file(), readFileSync(file(), "utf8").slice(0, 100));
    await refused("plan.unreadable", "it is not JSON");
  });

  it("is refused in another folder, whose state is another file", async () => {
    project.users = usersFile("alice", "bob");
    await planned("--out", file());
    const copy = project.copy();
    copies.push(copy);
    copy.users = project.users;
    copy.save();
    const { code, stderr } = await apply(copy);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("plan.local-state") as string });
  });

  it("is carried out from another folder where both reach the state", async () => {
    const address = await stateOverHttp();
    remote.definition.backend = address;
    remote.users = usersFile("alice");
    const kept = join(remote.directory, "kept.plan");
    await remote.must("plan", "--out", kept);
    const elsewhere = remote.copy();
    copies.push(elsewhere);
    elsewhere.users = remote.users;
    elsewhere.save();
    const { code, stderr } = await elsewhere.run("apply", kept);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await remote.must("up")).toMatchObject({ changes: [], configured: [] });
    const again = await remote.run("apply", kept);
    expect({ code: again.code, stdout: again.stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("was carried out already") as string,
    });
  });

  async function refused(code: string, why: string): Promise<void> {
    const outcome = await apply();
    expect({ exit: outcome.code, stderr: outcome.stderr }).toEqual({
      exit: 2,
      stderr: expect.stringContaining(code) as string,
    });
    expect(outcome.stderr).toContain(why);
  }
});

interface Plan {
  readonly changes: boolean;
  readonly effect: string;
  readonly resources: readonly { readonly name: string; readonly action: string }[];
  readonly steps: readonly { readonly id: string; readonly byHand: boolean; readonly words: readonly string[] }[];
  readonly files: readonly { readonly path: string; readonly step: string; readonly diff: string }[];
  readonly settings: readonly unknown[];
  readonly byHand: readonly string[];
  readonly hit: {
    readonly jobs: readonly { readonly id: string }[];
    readonly users: readonly string[];
    readonly data: readonly string[];
  };
  readonly asks: readonly string[];
}

async function planned(...args: string[]): Promise<Plan> {
  return (await project.must("plan", ...args)) as unknown as Plan;
}

function usersFile(...names: readonly string[]): string {
  const uids: Readonly<Record<string, number>> = { alice: 2001, bob: 2002, carol: 2003, dave: 2004, erin: 2005 };
  return `users:\n${names.map((name) => `  - { name: ${name}, uid: ${uids[name] ?? 0} }\n`).join("")}`;
}

async function submit(user: string, host: string, command: string, options = ""): Promise<string> {
  const partition = host.replace(/-\d+$/, "");
  const words = `sbatch --parsable --mem 10 --partition ${partition} --nodelist ${host} --output /dev/null ${options} --wrap "${command}"`;
  return project.onMaster(`runuser -l ${user} -c '${words}'`);
}

async function jobOnEveryNode(): Promise<Readonly<Record<string, string>>> {
  const jobs: Record<string, string> = {};
  for (const host of ["cpu-1", "cpu-2", "gpu-1"]) {
    jobs[host] = await submit("alice", host, "sleep 3600");
    await isRunning(jobs[host]);
  }
  return jobs;
}

async function stateOf(id: string): Promise<string> {
  return project.onMaster(`scontrol --oneliner show job ${id} | grep -oE 'JobState=[A-Z_]+' | cut -d= -f2`);
}

async function statesOf(jobs: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(
    await Promise.all(Object.entries(jobs).map(async ([host, id]) => [host, await stateOf(id)] as const)),
  );
}

async function restartsOf(jobs: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(
    await Promise.all(
      Object.entries(jobs).map(async ([host, id]) => {
        const seen = await project.onMaster(`scontrol --oneliner show job ${id} | grep -oE ' Restarts=[0-9]+'`);
        return [host, seen.trim().replace("Restarts=", "")] as const;
      }),
    ),
  );
}

async function isRunning(id: string): Promise<void> {
  await until(`job ${id} runs`, async () => {
    const seen = await stateOf(id);
    return seen === "RUNNING" || seen;
  });
}

async function queueLacks(id: string): Promise<void> {
  await until(`job ${id} is over`, async () => {
    const seen = await project.onMaster(`squeue --all --noheader --jobs=${id} --format=%T 2>/dev/null || true`);
    return seen === "" || seen;
  });
}

async function containers(): Promise<string> {
  return runEngine(["ps", "-aq", "--filter", `label=io.cdktf-openhpc.cluster=${project.definition.cluster}`], {
    timeoutSeconds: 60,
  });
}

async function containerOf(host: string): Promise<string> {
  const { cluster } = project.definition;
  return runEngine(["container", "inspect", "--format", "{{.Id}}", `ohpc-${cluster}-${host}`], { timeoutSeconds: 60 });
}

/** Terraform's backend `http`, in memory. */
async function stateOverHttp(): Promise<string> {
  let state = "";
  let lock = "";
  backend = createServer((request, response) => {
    let body = "";
    request.on("data", (text: Buffer) => (body += text.toString()));
    request.on("end", () => {
      const locked = request.method === "LOCK" && lock !== "";
      if (request.method === "LOCK" && !locked) lock = body;
      if (request.method === "UNLOCK") lock = "";
      if (request.method === "POST") state = body;
      response.statusCode = locked ? 423 : request.method === "GET" && state === "" ? 404 : 200;
      response.end(request.method === "GET" ? state : locked ? lock : "");
    });
  });
  await new Promise<void>((resolve) => backend?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`;
}
