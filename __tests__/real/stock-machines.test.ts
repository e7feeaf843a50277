import { softwareHash } from "../../lib/software/roles";
import { ScenarioProject, until } from "../support/scenario-project";

/**
 * Machines as clouds sell them: Debian 13 with systemd, sshd, Python and cloud-init. Master and pool `cpu` are such, pool
 * `gpu` is from the node image: in the end nobody can tell them apart. One story: each test goes on where the one before
 * left it.
 */
const MINUTES = 60_000;
/** Roles may take many times as long where other checks run; only a run that hangs is ended. */
const SECONDS_OF_ROLES = 1500;
const project = new ScenarioProject("stock", { cpu: 1, gpu: 1, stock: "debian-13", partition: "both" });
project.users = "users:\n  - name: alice\n    uid: 2001\n";

jest.setTimeout(30 * MINUTES);

afterAll(async () => {
  await project.remove();
}, 2 * MINUTES);

/** A command on a node, as root. */
async function on(host: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await project.ohpc("ssh", host, "--", command);
  if (code !== 0) throw new Error(`on ${host}: ${command}: exit code ${code}\n${stdout}\n${stderr}`);
  return stdout.trim();
}

interface Node {
  readonly host: string;
  readonly slurm?: { readonly state: string };
  readonly unit: { readonly stage?: string; readonly ok?: boolean; readonly message?: string };
}

async function node(host: string): Promise<Node> {
  const nodes = (await project.must("status"))["nodes"] as readonly Node[];
  return nodes.find((one) => one.host === host)!;
}

async function stepsOf(verb: "changed" | "unchanged"): Promise<readonly string[]> {
  const configured = await project.must("configure");
  return (configured[verb] as readonly { id: string }[]).map(({ id }) => id);
}

/** Everything that roles and configure write, but what belongs to one machine alone. */
const FILES = `find -L ${[
  ...["/etc/slurm", "/run/slurm/conf", "/etc/munge", "/etc/default/slurmd", "/etc/hosts", "/etc/locale.conf"],
  ...["/etc/lmod", "/etc/sysctl.d", "/etc/systemd/system.conf.d", "/etc/systemd/journald.conf.d", "/etc/tmpfiles.d"],
  ...["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", "/etc/apt/apt.conf.d/60ohpc-slurm", "/etc/mysql"],
  ...["/etc/systemd/system/slurmd.service.d", "/etc/systemd/system/munge.service.d", "/opt/ohpc", "/usr/lib/ohpc"],
  ...["/usr/share/ohpc/software", "/usr/share/ohpc/versions.json"],
].join(" ")} -type f ! -path '/usr/lib/ohpc/ansible/*' ! -name 50-cloud-init.conf -exec sha256sum {} + | sort -k 2`;

describe("stock machines", () => {
  let progress = "";

  it(
    "become a cluster by one ohpc up",
    async () => {
      const { code, stdout, stderr } = await project.ohpc("up", "--json");
      progress = stderr;
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({ nodes: { nodes: 2, answered: 2 } });
    },
    30 * MINUTES,
  );

  it("say how far they are, role by role, also where no terminal is", () => {
    for (const task of ["prepare : Fetch Ansible", "packages : Install Debian packages", "hpl : Compile"]) {
      expect(progress).toContain(`    ${task}\n`);
    }
  });

  it("end with the same files as machines from the node image", async () => {
    const [stock, baked] = await Promise.all([on("cpu-1", FILES), on("gpu-1", FILES)]);
    expect(stock.split("\n").length).toBeGreaterThan(30);
    expect(stock).toBe(baked);
    expect(stock).toContain(" /run/slurm/conf/slurm.conf");
    expect(await project.onMaster("cat /usr/share/ohpc/software")).toBe(softwareHash());
    // What nodes have got of Slurm's files is what the master has.
    const conf = "cd /etc/slurm && sha256sum slurm.conf gres.conf cgroup.conf";
    expect(await project.onMaster(conf)).toBe(await on("cpu-1", conf.replace("/etc/slurm", "/run/slurm/conf")));
  });

  it("have the same units", async () => {
    const units =
      "systemctl is-enabled slurmd munge mariadb ssh chrony ohpc-node.timer prometheus-node-exporter nfs-server rpcbind || true";
    expect(await on("cpu-1", units)).toBe(await on("gpu-1", units));
    const running =
      "systemctl is-active slurmd munge ssh prometheus-node-exporter ohpc-node.timer mariadb rpcbind || true";
    expect(await on("cpu-1", running)).toBe(await on("gpu-1", running));
    expect(await on("cpu-1", "systemctl --failed --plain --no-legend")).toBe("");
  });

  it("pass the same jobs, over both kinds at once", async () => {
    expect(await project.must("smoke", "hello")).toMatchObject({
      ok: true,
      runs: [{ partition: "both", ranks: 2, hosts: ["cpu-1", "gpu-1"] }],
    });
  });

  it("took Ansible from the master, not from a package index", async () => {
    expect(await project.onMaster("ls /var/lib/ohpc/roles | grep -c '^ansible-.*gz$'")).toBe("1");
    expect(await on("cpu-1", "ls -d /usr/lib/ohpc/ansible; dpkg -s python3-venv >/dev/null 2>&1 || echo no pip")).toBe(
      "/usr/lib/ohpc/ansible\nno pip",
    );
    // A machine from an image has none, and needs none.
    expect(await on("gpu-1", "[ -e /usr/lib/ohpc/ansible ] || echo none")).toBe("none");
  });

  it("are left alone by a second configure", async () => {
    expect(await stepsOf("changed")).toEqual([]);
  });

  it("that cannot be converged say which role and task failed, and why; what runs goes on", async () => {
    const before = await project.onMaster("systemctl show --property MainPID --value slurmctld");
    await project.onMaster("rm -f /usr/share/ohpc/software /etc/locale.conf; mkdir /etc/locale.conf");
    const { code, stdout, stderr } = await project.ohpc("configure", "--json");
    expect(code).toBe(1);
    const said = `${stdout}${stderr}`;
    expect(said).toContain("step/software");
    expect(said).toContain("master: could not make sure of the software");
    expect(said).toMatch(/failed at \\?"base : Speak UTF-8 without depending on any locale package\\?": \S/);

    await project.onMaster("rmdir /etc/locale.conf");
    expect(await stepsOf("changed")).toEqual(["software"]);
    expect(await project.onMaster("systemctl show --property MainPID --value slurmctld")).toBe(before);
    // The roles disable these on a machine that has never been a master.
    expect(await project.onMaster("systemctl is-enabled slurmctld slurmdbd mariadb munge | sort -u")).toBe("enabled");
  });

  it("that must be made anew what they are keep slurmd and its jobs", async () => {
    const pid = await on("cpu-1", "systemctl show --property MainPID --value slurmd");
    const job = await project.onMaster(
      "runuser -u alice -- sbatch --parsable --nodelist=cpu-1 --chdir=/home/alice --wrap='sleep 7200'",
    );
    await until("the job runs", async () => {
      const state = await project.onMaster(`scontrol --oneliner show job ${job} | grep -oP '(?<=JobState=)\\w+'`);
      return state === "RUNNING" || state;
    });
    await on("cpu-1", "rm /usr/share/ohpc/software; systemctl start --no-block ohpc-node.service");
    await until("cpu-1 says that it converges", async () => {
      const { unit } = await node("cpu-1");
      return (unit.stage === "software" && unit.message?.startsWith("under way: ") === true) || JSON.stringify(unit);
    });
    await until(
      "cpu-1 is ready",
      async () => {
        const { unit } = await node("cpu-1");
        return (unit.stage === "ready" && unit.ok === true) || JSON.stringify(unit);
      },
      SECONDS_OF_ROLES,
    );
    expect(await on("cpu-1", "systemctl show --property MainPID --value slurmd")).toBe(pid);
    const seen = `scontrol --oneliner show job ${job} | grep -oP '(?<=JobState=|Restarts=)\\w+'`;
    expect(await project.onMaster(seen)).toBe("RUNNING\n0");
    await project.onMaster(`scancel ${job}`);
  });

  it("that older roles made go on where these cannot be applied, and say so", async () => {
    await on(
      "cpu-1",
      "rm -f /etc/locale.conf; mkdir /etc/locale.conf; echo 0123 >/usr/share/ohpc/software; systemctl start --no-block ohpc-node.service",
    );
    await until(
      "cpu-1 is ready with older software",
      async () => {
        const { unit } = await node("cpu-1");
        const behind = /^its software is of older roles: failed at "base : Speak UTF-8/.test(unit.message ?? "");
        return (unit.stage === "ready" && unit.ok === true && behind) || JSON.stringify(unit);
      },
      SECONDS_OF_ROLES,
    );
    expect(await project.onMaster("srun --nodelist=cpu-1 hostname")).toBe("cpu-1");
    await on(
      "cpu-1",
      "rmdir /etc/locale.conf; rm /run/ohpc/software-failed; systemctl start --no-block ohpc-node.service",
    );
    await until(
      "cpu-1 has the software",
      async () => {
        const { unit } = await node("cpu-1");
        return (unit.stage === "ready" && unit.ok === true && unit.message === "") || JSON.stringify(unit);
      },
      SECONDS_OF_ROLES,
    );
    expect(await on("cpu-1", "cat /usr/share/ohpc/software")).toBe(softwareHash());
  });

  it("never start a newer Slurm than the controller's", async () => {
    await on(
      "cpu-1",
      "systemctl stop ohpc-node.timer ohpc-node.service slurmd; echo 24.11.0 >/run/ohpc/bundle/slurm-version",
    );
    const said = await on("cpu-1", "/run/ohpc/bundle/converge 2>&1 || true; systemctl is-active slurmd || true");
    expect(said).toMatch(/slurmd: slurmd 24\.11\.\d+ is newer than the controller's 24\.11\.0.*\ninactive$/s);
    await on("cpu-1", "systemctl start --no-block ohpc-node.timer");
    await until("cpu-1 is back", async () => {
      const { slurm } = await node("cpu-1");
      return slurm?.state === "idle" || JSON.stringify(slurm);
    });
  });
});
