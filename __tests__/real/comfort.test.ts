import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { remoteLine } from "../../lib/cli/ssh";
import { configure } from "../../lib/operate/configure/configure";
import { clusterStatus } from "../../lib/operate/scheduler/status";
import { eventually, HandMadeCluster } from "../support/hand-made-cluster";

/** What people expect of any machine that they log in to, and jobs of theirs, whichever shell they like. */
const cluster = new HandMadeCluster("comfort");
const scratch = mkdtempSync(join(tmpdir(), "comfort-"));
const key = join(scratch, "key");
execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "comfort", "-f", key]);
const keys = [readFileSync(`${key}.pub`, "utf8").trim()];

/** By the shell that they have. */
const PEOPLE = { bash: "/bin/bash", zsh: "/bin/zsh", sh: "/bin/sh", nobody: "/usr/sbin/nologin" } as const;
type Person = keyof typeof PEOPLE;
const nameOf = (person: Person) => `user-${person}`;
const view = cluster.view({
  pools: { cpu: 1 },
  users: Object.entries(PEOPLE).map(([person, shell]) => ({ name: nameOf(person as Person), shell, keys })),
});

beforeAll(async () => {
  await cluster.prepare();
  await cluster.startMaster();
  await cluster.startNode("cpu", 1);
  await configure(view, cluster.remote());
  await eventually(
    async () => (await clusterStatus(view.manifest, cluster.remote())).nodes,
    (nodes) => nodes.every(({ slurm, unit }) => slurm?.state === "idle" && slurm.responds && "ok" in unit && unit.ok),
  );
}, 900_000);

afterAll(async () => {
  await cluster.end();
  rmSync(scratch, { recursive: true, force: true });
});

/** Logs in with a key, as from anywhere. Without a command, the shell reads `input`. */
function ssh(person: Person, command: readonly string[], input = "", ...more: readonly string[]) {
  const { host, port } = view.manifest.master.access;
  const options = [
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    `UserKnownHostsFile=${join(cluster.privateDirectory, "known_hosts")}`,
  ];
  const flags = options.flatMap((option) => ["-o", option]);
  const to = ["-i", key, "-p", String(port), `${nameOf(person)}@${host}`];
  const { status, stdout, stderr } = spawnSync("ssh", ["-F", "none", ...flags, ...more, ...to, ...command], {
    encoding: "utf8",
    input,
    timeout: 240_000,
    env: { ...process.env, DISPLAY: ":77" },
  });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

/** What `ohpc ssh --as` runs. */
async function as(person: Person, command: string): Promise<string> {
  return (
    await cluster
      .remote()
      .run(remoteLine([command], { as: nameOf(person), administrator: "root", terminal: true }) ?? "")
  ).trim();
}

/** What a job of this script printed, submitted by `ssh`. */
function job(person: Person, script: string, ...options: readonly string[]): string {
  const submit = ["sbatch", "--wait", "--output=job.out", ...options].join(" ");
  const { stderr } = ssh(person, [`cat >job.sh; ${submit} job.sh >/dev/null; cat job.out`], script);
  const { stdout } = ssh(person, ["cat job.out"]);
  return `${stdout}${stderr === "" ? "" : `\n${stderr}`}`;
}

const PRESENT: readonly Person[] = ["bash", "zsh", "sh"];
const LANGUAGE = "echo $LANG; locale charmap";
const LOAD = "module load hpl && command -v xhpl";
const EVERYTHING = /^C\.UTF-8\nUTF-8\n\/.*\/xhpl$/;

describe("a user", () => {
  it.each(PRESENT)("with %s logs in, with a language and modules, also by `ohpc ssh --as`", async (person) => {
    const { status, stdout } = ssh(person, [], `id -un; pwd\n${LANGUAGE}\n${LOAD}\n`);
    const [name, home, ...rest] = stdout.split("\n").slice(-5);
    expect([status, name, home]).toEqual([0, nameOf(person), `/home/${nameOf(person)}`]);
    expect(rest.join("\n")).toMatch(EVERYTHING);
    expect(await as(person, `${LANGUAGE}; ${LOAD}`)).toMatch(EVERYTHING);
  });

  it("with no shell does not", () => {
    const { status, stdout } = ssh("nobody", ["id -un"]);
    expect(status).not.toBe(0);
    expect(stdout).toMatch(/not available/);
  });

  it.each(["bash", "zsh"] as const)("with %s has both in `ssh HOST COMMAND`, `srun` and jobs", (person) => {
    const shell = PEOPLE[person];
    const all = `${LANGUAGE}; ${LOAD}`;
    expect(ssh(person, [all]).stdout).toMatch(EVERYTHING);
    expect(ssh(person, [`srun ${shell} -c '${all}'`]).stdout).toMatch(EVERYTHING);
    for (const options of [[], ["--export=NONE"]])
      expect(job(person, `#!${shell}\n${all}\n`, ...options)).toMatch(EVERYTHING);
  });

  it.each(PRESENT)("with %s has both in jobs of plain sh, after the line that asks for modules", (person) => {
    const script = `#!/bin/sh\n. /etc/profile.d/lmod.sh\n${LANGUAGE}; ${LOAD}\n`;
    expect(job(person, script)).toMatch(EVERYTHING);
  });

  it("has no modules in plain sh without that line, whoever submits the job", () => {
    expect(job("bash", `#!/bin/sh\n${LOAD}\n`)).toMatch(/module: not found/);
  });

  it("has windows forwarded", () => {
    const { stdout } = ssh("bash", ["echo $DISPLAY; xauth list"], "", "-X");
    expect(stdout).toMatch(/^localhost:10\.0\n.*MIT-MAGIC-COOKIE-1/);
  });
});

describe("logs", () => {
  const logs = { master: ["slurmctld", "slurmdbd"], "cpu-1": ["slurmd"] } as const;

  it.each(Object.keys(logs))("are looked after every day on %s", async (host) => {
    const on = async (command: string) => (await cluster.inside(host, "bash", "-c", command)).trim();
    expect(await on("systemctl is-enabled logrotate.timer; systemctl is-active logrotate.timer")).toBe(
      "enabled\nactive",
    );
    expect(await on("logrotate --debug /etc/logrotate.conf 2>&1 | grep -i '^error' || true")).toBe("");
  });

  it.each(Object.entries(logs))("are begun anew on %s, and its daemons write there", async (host, daemons) => {
    const on = async (command: string) => (await cluster.inside(host, "bash", "-c", command)).trim();
    // At midnight there would be two of them, and logrotate lets in one.
    await on("systemctl stop logrotate.timer");
    await on("echo a line >/var/log/ohpc-software.log");
    const before = await on(`stat -c '%U %G' ${daemons.map((name) => `/var/log/slurm/${name}.log`).join(" ")}`);
    await on("logrotate --force /etc/logrotate.conf");
    for (const name of daemons) {
      const log = `/var/log/slurm/${name}.log`;
      const open = `for pid in $(pidof ${name}); do readlink /proc/$pid/fd/* | grep -F ${log}; done | sort -u`;
      await eventually(
        async () => on(open),
        (files) => files === log,
      );
      expect(await on(`test -e ${log}.1 && echo kept`)).toBe("kept");
    }
    expect(await on(`stat -c '%U %G' ${daemons.map((name) => `/var/log/slurm/${name}.log`).join(" ")}`)).toBe(before);
    expect(await on("ls /var/log/ohpc-software.log*")).toBe("/var/log/ohpc-software.log.1.gz");
    if (host === "master") {
      await on("scontrol reconfigure");
      await eventually(
        async () => on("wc -c </var/log/slurm/slurmctld.log"),
        (bytes) => Number(bytes) > 0,
      );
    }
    expect(ssh("bash", ["srun hostname"]).stdout).toBe("cpu-1");
  });
});
