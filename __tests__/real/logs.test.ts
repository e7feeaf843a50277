import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { runEngine } from "../../lib/clouds/local/engine";
import { makeKey, run, ScenarioProject } from "../support/scenario-project";

/** What somebody needs who was not there, of a cluster that works and of one that does not. */
const project = new ScenarioProject("logs", { cpu: 2, gpu: 0 });
const { cluster } = project.definition;
const SECRET_NAME = "merger-of-acme-and-zenith";

beforeAll(async () => {
  const key = makeKey(join(project.directory, "alice"));
  project.users = `users:\n  - name: alice\n    uid: 2001\n    keys: ["${key}"]\n`;
  await project.must("up");
}, 900_000);
afterAll(async () => {
  await project.remove();
});

/** The archive's files by their paths below its one directory. */
function unpacked(file: string): ReadonlyMap<string, string> {
  const names = execFileSync("tar", ["-tzf", file], { encoding: "utf8" })
    .split("\n")
    .filter((name) => /[^/]$/.test(name));
  return new Map(
    names.map((name) => [
      name.slice(name.indexOf("/") + 1),
      execFileSync("tar", ["-xzOf", file, name], { encoding: "utf8", maxBuffer: 1e8 }),
    ]),
  );
}

it("one archive tells of master, nodes and Terraform, and has neither secrets nor names of jobs", async () => {
  await project.onMaster(
    `runuser -u alice -- sbatch --chdir=/tmp --job-name=${SECRET_NAME} --comment=${SECRET_NAME} --wrap 'sleep 3600'`,
  );
  const munge = await project.onMaster("base64 -w0 /etc/munge/munge.key");
  const file = join(project.directory, "logs.tar.gz");
  const told = await project.must("logs", "--out", file);
  expect(told).toMatchObject({ ok: true, file, machines: ["cpu-1", "cpu-2", "master"], missing: [] });
  expect(statSync(file)).toMatchObject({ mode: 0o100600, size: told["bytes"] as number });
  const files = unpacked(file);
  expect([...files.keys()]).toEqual(
    expect.arrayContaining([
      ...[
        "README.txt",
        "versions.json",
        "status.json",
        "manifest.json",
        "terraform/plan.jsonl",
        "terraform/apply.jsonl",
      ],
      ...["master/slurmctld.log", "master/slurm.conf", "master/journal-slurmctld.log", "master/queue.txt"],
      ...["nodes/cpu-1/slurmd.log", "nodes/cpu-2/node-unit.json", "nodes/cpu-2/machine.txt"],
    ]),
  );
  expect(files.get("master/queue.txt")).toMatch(/alice +(PENDING|RUNNING)/);
  expect(files.get("terraform/apply.jsonl")).toContain("Apply complete");
  const all = [...files.values()].join("\n");
  expect(all).not.toContain(SECRET_NAME);
  expect(all).not.toContain(munge.slice(0, 40));
  expect(all).not.toContain(readFileSync(join(project.privateDirectory, "id_ed25519"), "utf8").split("\n")[2]);
});

it("of a node that is gone and of a master that does not answer, what can be had is in it, and the rest is said", async () => {
  await runEngine(["stop", "--time", "0", `ohpc-${cluster}-cpu-2`], { cluster, env: project.env });
  const file = join(project.directory, "more.tar.gz");
  const told = await project.must("logs", "cpu-2", "--out", file);
  expect(told).toMatchObject({ machines: ["master"], missing: [expect.stringContaining("logs of cpu-2: ") as string] });
  expect(unpacked(file).get("machines.json")).toContain('"state": "stopped"');
  await runEngine(["stop", "--time", "0", `ohpc-${cluster}-master`], { cluster, env: project.env });
  const none = await project.must("logs", "--out", file);
  expect(none).toMatchObject({ machines: [], missing: ["logs of master: it does not answer"] });
  expect([...unpacked(file).keys()]).toEqual(expect.arrayContaining(["terraform/apply.jsonl", "consoles/master.txt"]));
  await project.must("resume");
});

it("up and status say how a user gets in with nothing but OpenSSH, and it is so", async () => {
  const { login } = (await project.must("status")) as { login: { sshConfig: readonly string[]; host: string } };
  const said = await project.ohpc("up");
  expect(said.stdout).toContain(`ssh -p ${project.definition.sshPort} alice@127.0.0.1`);
  for (const line of login.sshConfig) expect(said.stdout).toContain(line);
  const config = join(project.directory, "ssh_config");
  execFileSync("bash", ["-c", 'cat >"$1"', "bash", config], { input: `${login.sshConfig.join("\n")}\n` });
  const own = ["-T", "-F", config, "-o", "BatchMode=yes", "-i", join(project.directory, "alice")];
  const { stdout, stderr } = await run("ssh", [...own, cluster, "id -un"], project.directory, project.env);
  expect([stdout, stderr]).toEqual(["alice\n", ""]);
});
