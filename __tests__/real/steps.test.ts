import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configure, planConfigure } from "../../lib/operate/configure/configure";
import { runSteps, type StepEvent } from "../../lib/operate/configure/run-steps";
import type { StepError } from "../../lib/operate/configure/step-error";
import type { Step } from "../../lib/operate/configure/step/step";
import { diskStep } from "../../lib/operate/configure/steps/disk";
import { MASTER_STEPS } from "../../lib/operate/configure/steps/master-steps";
import type { Failure } from "../../lib/operate/feedback/failure";
import { Duration } from "../../lib/units";
import type { ClusterSketch } from "../support/cluster-builder";
import { EffectProbe } from "../support/effect-probe";
import { rowOf, rowsOf } from "../support/effect-rows";
import { TRIALS } from "../support/effect-trials";
import { eventually, HandMadeCluster } from "../support/hand-made-cluster";

/** The steps on a real master, in the order of its life: each test goes on where the one before left it. */
const cluster = new HandMadeCluster("steps");
const users = [
  { name: "alice", keys: ["ssh-ed25519 AAAAalice"] },
  { name: "bob", account: "physics" },
];
/** Of more cores than one: what is measured has a batch job, and an srun beside it. */
const pools = { cpu: { shape: { coresPerSocket: 4 } } };
const sketch: ClusterSketch = { pools, users };

beforeAll(async () => {
  await cluster.prepare();
  await cluster.startMaster();
}, 900_000);
afterAll(async () => {
  await cluster.end();
});

describe("configure", () => {
  it("goes on where it was after the master died in the middle", async () => {
    const kill = async () => cluster.engine("kill", cluster.container("master"));
    let killed: Promise<unknown> = Promise.resolve();
    // They come in either order, and both are done by then, or going on.
    const awaited = new Set(["changed accounts", "applying slurmdbd"]);
    const died = await failed(
      apply(sketch, {
        onEvent: (event) => {
          if (event.kind === "inspecting") return;
          if (awaited.delete(`${event.kind} ${event.step.id}`) && awaited.size === 0) killed = kill();
        },
      }),
    );
    await killed;
    // What exactly is noticed first of a machine that dies, nobody can tell.
    expect(died.details.code).toMatch(/^step\//);
    expect(died.details.remedy).toMatch(/run it again/i);
    await cluster.remote().close();
    await cluster.engine("start", cluster.container("master"));
    const { changed, unchanged } = await apply(sketch);
    expect(changed.map(({ id }) => id)).toEqual(expect.arrayContaining(["cluster-registered", "slurmctld", "bundle"]));
    expect(unchanged.map(({ id }) => id)).toEqual(expect.arrayContaining(["accounts", "munge-key"]));
  });

  it("changes nothing the second time", async () => {
    const { changed, unchanged } = await apply(sketch);
    expect(changed).toEqual([]);
    expect(unchanged).toHaveLength(MASTER_STEPS.length);
  });

  it("leaves the master so that a reboot brings everything back", async () => {
    await cluster.remote().close();
    await cluster.engine("restart", "-t", "20", cluster.container("master"));
    // What configure looks at: one that is active may not answer yet.
    const daemons = async () =>
      master(
        `systemctl is-active mariadb slurmdbd slurmctld munge prometheus-node-exporter; scontrol ping
         sacctmgr --noheader --parsable2 show cluster format=cluster`,
      ).catch(String);
    await eventually(
      daemons,
      (said) => said.startsWith("active\n".repeat(5)) && said.includes("is UP") && said.endsWith(`\n${cluster.name}\n`),
    );
    expect((await apply(sketch)).changed.map(({ id }) => id).filter((id) => id !== "hosts")).toEqual([]);
  });

  it("keeps a second operator out, and tells who the first is", async () => {
    let second: StepError | Failure | undefined;
    await apply(
      { ...sketch, users: [...users, { name: "carol" }] },
      {
        command: "ohpc up demo",
        onPlan: async () => {
          second = await failed(apply(sketch, { command: "ohpc configure demo" }));
        },
      },
    );
    expect(second?.kind).toBe("busy");
    expect(second?.details.cause).toContain('"ohpc up demo"');
    await apply(sketch);
  });

  it("makes the munge key on the master, readable by munge alone, and shows it nowhere", async () => {
    expect(await master("stat -c '%U %a %s' /etc/munge/munge.key /srv/ohpc/state/munge/munge.key")).toBe(
      "munge 400 1024\nroot 600 1024\n",
    );
    const plan = await planConfigure(cluster.view(sketch), cluster.remote());
    const key = await master("base64 -w0 /etc/munge/munge.key | head -c 40");
    expect(JSON.stringify(plan.map(({ after, before }) => [before, after]))).not.toContain(key);
    expect(await master("stat -c '%U %a' /srv/ohpc/bundle/current/ /srv/ohpc/bundle/current/munge.key")).toBe(
      "root 700\nroot 400\n",
    );
  });

  it("accounts for jobs from the first one on", async () => {
    await cluster.startNode("cpu", 1);
    await eventually(
      async () => master("sinfo --noheader --format=%T || true"),
      (state) => state === "idle\n",
    );
    expect(await master("runuser --login bob --command 'srun --job-name=first id -un'")).toBe("bob\n");
    const jobs = async () =>
      master(
        "sacct --allusers --starttime=now-1days --noheader --parsable2 --allocations --format=user,account,jobname,state",
      );
    await eventually(jobs, (said) => said.includes("bob|physics|first|COMPLETED"));
  });

  it("refuses to submit for those who are in no account", async () => {
    await master("useradd --uid 4001 --no-create-home mallory");
    const error = await failed(master("cd /tmp; runuser -u mallory -- sbatch --wrap true"));
    expect(error.message).toMatch(/Invalid account/);
    await master("userdel mallory");
  });
});

describe("accounts", () => {
  it("come with a private home and keys of their own on the master", async () => {
    expect(await master("stat -c '%U %G %a %n' /home/alice /home/bob")).toBe(
      "alice alice 700 /home/alice\nbob bob 700 /home/bob\n",
    );
    expect(await master("cat /etc/ssh/authorized_keys.d/alice; ls /etc/ssh/authorized_keys.d")).toBe(
      "ssh-ed25519 AAAAalice\nalice\nroot\n",
    );
  });

  it("change, go, and move to another Slurm account, while others' are left alone", async () => {
    await master(
      `sacctmgr --immediate add account guests cluster=${cluster.name}; sacctmgr --immediate add user root account=guests`,
    );
    const { changed } = await apply({ pools, users: [{ name: "alice", account: "chemistry", shell: "/bin/sh" }] });
    expect(changed.map(({ id }) => id)).toEqual(expect.arrayContaining(["accounts", "slurm-accounts", "bundle"]));
    const associations = await master(
      `sacctmgr --noheader --parsable2 show associations cluster=${cluster.name} format=account,user | sort`,
    );
    expect(associations).toBe("chemistry|\nchemistry|alice\nguests|\nguests|root\nroot|\nroot|root\n");
    expect(await master("getent passwd alice; getent passwd bob || echo none")).toBe(
      "alice:x:2001:2001::/home/alice:/bin/sh\nnone\n",
    );
    expect(await master("ls -d /home/bob")).toBe("/home/bob\n");
    expect(
      (await apply({ pools, users: [{ name: "alice", account: "chemistry", shell: "/bin/sh" }] })).changed,
    ).toEqual([]);
    await apply(sketch);
  });

  it("are made in bulk: five hundred in seconds", async () => {
    const many = Array.from({ length: 500 }, (_, k) => ({ name: `u${k}`, uid: 3000 + k, account: `group${k % 5}` }));
    const each = async (script: string) => {
      const begun = Date.now();
      await master(`for k in {0..9}; do ${script}; done`);
      return (Date.now() - begun) / 10_000;
    };
    const useradd = await each('useradd --no-create-home --uid "$((4100 + k))" "probe$k"');
    const sacctmgr = await each('sacctmgr --immediate add user "probe$k" account=physics >/dev/null');
    await master(
      'sacctmgr --immediate delete user name="$(echo probe{0..9} | tr " " ,)" >/dev/null; for k in {0..9}; do userdel "probe$k"; done',
    );
    const seconds = new Map<string, number>();
    await apply(
      { pools, users: [...users, ...many] },
      { onEvent: (event) => event.kind === "changed" && seconds.set(event.step.id, event.seconds) },
    );
    // Less than one by one, which a slow machine takes longer for, too.
    expect(seconds.get("accounts")).toBeLessThan(Math.max(15, 500 * useradd));
    expect(seconds.get("slurm-accounts")).toBeLessThan(Math.max(20, 500 * sacctmgr));
    await apply(sketch);
  });

  it("go with their jobs, also those that are held", async () => {
    const job = (await master("runuser --login bob --command 'sbatch --parsable --hold --wrap true'")).trim();
    await apply({ pools, users: [users[0]!] });
    expect(await master('scontrol --oneliner show job "$1" | grep -o "JobState=[A-Z]*"', job)).toBe(
      "JobState=CANCELLED\n",
    );
    await apply(sketch);
  });

  it("that get another number leave the old one with their jobs, and run jobs by the new one", async () => {
    const job = (await master("runuser --login bob --command 'sbatch --parsable --hold --wrap true'")).trim();
    const renumbered = { pools, users: [users[0]!, { ...users[1]!, uid: 2042 }] };
    const error = await failed(apply(renumbered));
    expect(error.details.cause).toMatch(/\/home\/bob belongs to uid 2002, not to bob \(2042\): .*chown/);
    expect(await master("id -u bob")).toBe("2002\n");
    await master("chown -R 2042:2042 /home/bob");
    await apply(renumbered);
    expect(await master('scontrol --oneliner show job "$1" | grep -o "JobState=[A-Z]*"', job)).toBe(
      "JobState=CANCELLED\n",
    );
    await eventually(
      async () => master("runuser --login bob --command 'srun id -u' 2>&1 || true"),
      (said) => said === "2042\n",
    );
    await master("chown -R 2002:2002 /home/bob");
    await apply(sketch);
  });

  it("that move to another Slurm account leave the old one when their last job there is over", async () => {
    const job = (await master("runuser --login bob --command 'sbatch --parsable --hold --wrap true'")).trim();
    const moved = { pools, users: [users[0]!, { ...users[1]!, account: "chemistry" }] };
    const accounts = `sacctmgr --noheader --parsable2 show associations cluster=${cluster.name} user=bob format=account | sort`;
    await apply(moved);
    expect(await master(accounts)).toBe("chemistry\nphysics\n");
    expect((await apply(moved)).changed).toEqual([]);
    await master('scancel "$1"', job);
    // The database hears of it later than squeue.
    await eventually(
      async () =>
        master('squeue --noheader; sacct --noheader --parsable2 --allocations --format=state --jobs "$1"', job),
      (said) => said.startsWith("CANCELLED"),
    );
    expect((await apply(moved)).changed.map(({ id }) => id)).toEqual(["departures"]);
    expect(await master(accounts)).toBe("chemistry\n");
    await apply(sketch);
  });
});

describe("slurm.conf", () => {
  it("that Slurm does not take is refused before anything dies", async () => {
    const before = await master("sha256sum /etc/slurm/slurm.conf");
    const error = await failed(apply({ ...sketch, settings: { SchedulerType: "sched/nonsense" } }));
    expect(error.details.code).toBe("step/slurm-conf");
    expect(error.details.cause).toContain("the old one is still in use");
    expect(error.details.output?.join("\n")).toContain("sched/nonsense");
    expect(await master("sha256sum /etc/slurm/slurm.conf; scontrol ping")).toBe(
      `${before}Slurmctld(primary) at master is UP\n`,
    );
    await eventually(
      async () => master("sinfo --noheader --format=%T"),
      (state) => state === "idle\n",
    );
    // One that was killed takes a moment to be gone.
    await eventually(
      async () => master("ls /run/ohpc; pgrep -c slurmctld"),
      (said) => !/staged|^[2-9]$/m.test(said),
    );
  });

  it("that changes is taken without harm to jobs, and says its effect", async () => {
    const id = (await master("runuser --login bob --command \"sbatch --parsable --wrap 'sleep 1200'\"")).trim();
    await eventually(
      async () => master("squeue --noheader --format=%T"),
      (state) => state === "RUNNING\n",
    );
    const { changed } = await apply({
      ...sketch,
      settings: { PriorityType: "priority/multifactor", MaxJobCount: "20000" },
    });
    expect(changed.map((step) => [step.id, step.effect])).toEqual([["slurm-conf", "reconfigure"]]);
    expect(await master("scontrol show config | grep -c '^PriorityType *= priority/multifactor'")).toBe("1\n");
    expect(await master("squeue --noheader --format='%i %T'")).toBe(`${id} RUNNING\n`);
    await eventually(
      async () => cluster.inside("cpu-1", "sh", "-c", "cat /run/slurm/conf/slurm.conf || true"),
      (text) => text.includes("MaxJobCount=20000"),
    );
    await master('scancel "$1"', id);
    await apply(sketch);
    // One that ran is completing for a while.
    await eventually(
      async () => master("squeue --noheader"),
      (said) => said === "",
    );
  });

  it.each(["reconfigure", "restart"])(
    "that was installed and not yet told to slurmctld (%s) is told by the next run",
    async (how) => {
      const id = (await master('runuser --login bob --command "sbatch --parsable --hold --wrap true"')).trim();
      const since = async () => master("scontrol show config | grep ^BOOT_TIME; pgrep -x slurmctld");
      const before = await since();
      // What a death between the two leaves behind.
      await master('mkdir -p /run/ohpc/pending; printf %s "$1" >/run/ohpc/pending/slurmctld', how);
      expect((await apply(sketch)).changed.map((step) => [step.id, step.effect])).toEqual([
        ["slurm-conf", "reconfigure"],
      ]);
      expect(await since()).not.toBe(before);
      expect(await master("ls /run/ohpc/pending; squeue --noheader --format=%i")).toBe(`${id}\n`);
      await master('scancel "$1"', id);
      expect((await apply(sketch)).changed).toEqual([]);
    },
  );

  it("cannot make it another cluster", async () => {
    const error = await failed(apply({ ...sketch, cluster: "other" }));
    expect(error.kind).toBe("consent");
    expect(error.details.cause).toContain("ClusterName=other");
    expect((await apply(sketch)).changed).toEqual([]);
  });
});

describe("the table of effects", () => {
  const table = rowsOf(readFileSync(join(__dirname, "../../lib/slurm/effects.tsv"), "utf8"));
  const probe = new EffectProbe(cluster, ["cpu-1"], "bob");

  beforeAll(async () => {
    await probe.begin();
  });
  afterAll(async () => {
    await probe.end();
  });

  it.each([
    ["cluster", "SlurmdDebug"],
    ["cluster", "JobAcctGatherType"],
    ["partition", "MaxTime"],
  ])("says what is seen of a %s's %s", async (scope, name) => {
    const trial = TRIALS.find(({ of = "cluster", key }) => of === scope && key === name)!;
    const [of, key, , ...seen] = rowOf(trial, await probe.measure(trial));
    // What it was before is this cluster's own.
    const [, , , ...known] = table.find((row) => row[0] === of && row[1] === key) ?? [];
    expect(seen).toEqual(known);
  });
});

describe("what somebody damaged by hand on the master", () => {
  it.each([
    ["files of Slurm that only root can read", "chmod 600 /etc/slurm/slurm.conf", "slurm-conf"],
    ["an empty folder in the place of slurm.conf", "cd /etc/slurm; rm slurm.conf; mkdir slurm.conf", "slurm-conf"],
    ["one in that of slurmdbd.conf", "cd /etc/slurm; rm slurmdbd.conf; mkdir slurmdbd.conf", "slurmdbd"],
    ["one in that of the munge key", "cd /etc/munge; rm munge.key; mkdir munge.key", "munge-key"],
    ["names that only root can look up", "chmod 600 /etc/hosts", "hosts"],
    ["a bundle that no node can run", "chmod 644 /srv/ohpc/bundle/current/converge", "bundle"],
  ])("is mended: %s", async (_, damage, step) => {
    await master(damage);
    expect((await apply(sketch)).changed.map(({ id }) => id)).toEqual([step]);
    expect((await apply(sketch)).changed).toEqual([]);
  });

  it("is named where only a person can mend it, with what to do", async () => {
    await master("cd /srv/ohpc/state; cp accounts.json whole; : >accounts.json; : >slurm-accounts.json");
    const error = await failed(apply(sketch));
    expect(error.details).toMatchObject({
      code: "step/accounts",
      cause: expect.stringContaining("/srv/ohpc/state/accounts.json is damaged") as string,
      remedy: expect.stringContaining("older copy") as string,
    });
    await master("cd /srv/ohpc/state; mv whole accounts.json; systemctl mask slurmdbd; systemctl stop slurmdbd");
    const masked = await failed(apply(sketch));
    expect(masked.details.remedy).toContain("unmask");
    await master("systemctl unmask slurmdbd");
    await apply(sketch);
  });
});

describe("a master made anew", () => {
  it("has queue, accounts, job history, key and users from its state disk", async () => {
    const key = await master("sha256sum </srv/ohpc/state/munge/munge.key");
    const job = (
      await master("runuser --login bob --command 'sbatch --parsable --hold --job-name=patient --wrap true'")
    ).trim();
    await cluster.remote().close();
    await cluster.engine("rm", "-f", "-t", "20", cluster.container("master"));
    await cluster.startMaster();
    await apply(sketch);
    expect(await master("sha256sum </etc/munge/munge.key")).toBe(key);
    expect(await master("squeue --noheader --format='%i %j %u'")).toBe(`${job} patient bob\n`);
    expect(
      await master(
        "sacct --allusers --starttime=now-1days --noheader --parsable2 --allocations --name=first --format=user,state",
      ),
    ).toBe("bob|COMPLETED\n");
    await eventually(
      async () => master("sinfo --noheader --format=%T"),
      (state) => state === "idle\n",
    );
    await master('scontrol release "$1"', job);
    const ended = async () => master('sacct --noheader --parsable2 --allocations --format=state --jobs "$1"', job);
    await eventually(ended, (state) => state === "COMPLETED\n");
  });
});

describe("a disk of its own", () => {
  const image = join(tmpdir(), `ohpc-${cluster.name}.disk`);
  const loop = loopDevice(image);
  const step: Step = diskStep({
    id: "home-disk",
    title: "the disk",
    needs: [],
    of: () => ({ kind: "block", device: loop ?? "", path: "/mnt/data" }),
  });
  const ensure = async () => runSteps([step], cluster.view(sketch), cluster.remote());
  const isThere = loop === undefined ? it.skip : it;

  beforeAll(async () => {
    await cluster.remote().close();
    if (loop !== undefined) await cluster.startMaster(["--device", loop, ...lendMkfs()]);
  });
  afterAll(() => {
    if (loop !== undefined) execFileSync("losetup", ["--detach", loop]);
    rmSync(image, { force: true });
  });

  isThere("is formatted when blank, mounted by its UUID, and left alone the second time", async () => {
    expect((await ensure()).changed).toHaveLength(1);
    expect(
      await master(
        "findmnt --noheadings --output FSTYPE /mnt/data; grep -c '^UUID=[0-9a-f-]* /mnt/data ext4 ' /etc/fstab",
      ),
    ).toBe("ext4\n1\n");
    await master("echo precious >/mnt/data/file");
    expect((await ensure()).changed).toEqual([]);
  });

  isThere("that holds a file system is mounted, never formatted", async () => {
    await master("umount /mnt/data; sed -i '\\|/mnt/data|d' /etc/fstab");
    expect((await ensure()).changed).toHaveLength(1);
    expect(await master("cat /mnt/data/file")).toBe("precious\n");
  });

  isThere("is not mounted over another one: somebody is told to reboot, and the next boot mounts it", async () => {
    await master("umount /mnt/data; mount -t tmpfs other /mnt/data; sed -i '\\|/mnt/data|d' /etc/fstab");
    const error = await failed(ensure());
    expect(error.details.remedy).toContain("reboot the machine");
    expect(error.details.output?.join("\n")).toContain("another disk is mounted at /mnt/data: other, not ");
    await master("umount /mnt/data; mount --all");
    expect(await master("cat /mnt/data/file")).toBe("precious\n");
    expect((await ensure()).changed).toEqual([]);
  });

  isThere.each([
    [
      "a partition table",
      String.raw`printf '\200\0\2\0\203\376\377\377\0\010\0\0\0\100\0\0' | dd of="$1" bs=1 seek=446 conv=notrunc status=none
        printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc status=none`,
    ],
    ["swap", 'mkswap --quiet "$1"'],
    ["an encrypted disk", String.raw`printf 'LUKS\272\276\0\1' | dd of="$1" conv=notrunc status=none`],
  ])("that holds %s is left alone", async (_, make) => {
    await master("umount /mnt/data 2>/dev/null || true; sed -i '\\|/mnt/data|d' /etc/fstab");
    execFileSync(
      "bash",
      [
        "-c",
        `wipefs --all --quiet "$1" && head -c 1M /dev/zero | dd of="$1" conv=notrunc status=none; ${make}`,
        "make",
        loop!,
      ],
      {
        env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
      },
    );
    const before = execFileSync("sha256sum", [image]).toString();
    const error = await failed(ensure());
    expect(error.details.remedy).toContain("wipe it yourself");
    expect(execFileSync("sha256sum", [image]).toString()).toBe(before);
  });
});

/** A block device of our own, if this machine has loop devices to give. */
function loopDevice(image: string): string | undefined {
  // Nobody else's file is called so: whoever had it attached is dead.
  const { stdout: before } = spawnSync("losetup", ["-j", image, "-O", "NAME", "-n"], { encoding: "utf8" });
  for (const loop of before.split("\n").filter((line) => line !== "")) spawnSync("losetup", ["--detach", loop.trim()]);
  writeFileSync(image, Buffer.alloc(64 * 1024 * 1024));
  const { status, stdout } = spawnSync("losetup", ["--find", "--show", image], { encoding: "utf8" });
  if (status !== 0) process.stderr.write("no loop device here: disks of a master's own are not tested\n");
  return status === 0 ? stdout.trim() : undefined;
}

/** Containers have no disks to format, so their image has no mkfs; that of this machine will do. */
function lendMkfs(): readonly string[] {
  const program = "/sbin/mkfs.ext4";
  const libraries = execFileSync("ldd", [program], { encoding: "utf8" }).matchAll(
    /=> (\S*\/lib(?:ext2fs|e2p|com_err)\.so\S*)/g,
  );
  return [program, ...[...libraries].map(([, path = ""]) => path)].flatMap((path) => {
    const target =
      path === program ? "/usr/sbin/mkfs.ext4" : `/usr/lib/${path.slice(path.indexOf("/lib/") + "/lib/".length)}`;
    return ["-v", `${realpathSync(path)}:${target}:ro`];
  });
}

async function apply(
  wanted: ClusterSketch,
  options: { command?: string; onEvent?: (event: StepEvent) => void; onPlan?: () => Promise<void> } = {},
) {
  return configure(cluster.view(wanted), cluster.remote(), options);
}

async function master(script: string, ...args: string[]): Promise<string> {
  return cluster.remote().run(script, { args, timeout: Duration.seconds(60) });
}

async function failed(promise: Promise<unknown>): Promise<StepError | Failure> {
  return promise.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: unknown) => error as Failure,
  );
}
