import { configure } from "../../lib/operate/configure/configure";
import type { NodeUnitReport } from "../../lib/operate/node/answers";
import { type ClusterStatus, clusterStatus, type NodeStatus } from "../../lib/operate/scheduler/status";
import { Duration } from "../../lib/units";
import { eventually, HandMadeCluster } from "../support/hand-made-cluster";

/**
 * Nodes look after themselves: whatever comes first or goes away, in the end they are there. In the order of a cluster's
 * life: each test goes on where the one before left it.
 */
const cluster = new HandMadeCluster("unit");
const small = cluster.view({ pools: { cpu: 1 }, users: [{ name: "alice" }] });
const large = cluster.view({ pools: { cpu: 2, gpu: 1 }, users: [{ name: "alice" }] });

beforeAll(async () => {
  await cluster.prepare();
}, 900_000);
afterAll(async () => {
  await cluster.end();
});

/** systemd gives up starting a service after 90 seconds unless it is told not to. */
const PAST_SYSTEMD = Duration.seconds(95);

describe("a node", () => {
  it("that boots long before its master waits and says so", async () => {
    await cluster.startNode("cpu", 1);
    const started = Date.now();
    const first = await eventually(
      async () => report("cpu-1"),
      ({ attempts }) => attempts >= 1,
    );
    const waiting = await eventually(
      async () => report("cpu-1"),
      ({ attempts }) => attempts >= 25 && Date.now() - started > PAST_SYSTEMD.toMilliseconds(),
      Duration.minutes(5),
    );
    expect(waiting).toMatchObject({
      stage: "bundle",
      ok: false,
      message: expect.stringContaining("ohpc configure") as string,
    });
    expect(waiting.since).toBe(first.since);
  }, 400_000);

  it("joins by itself as soon as the master is configured", async () => {
    await cluster.startMaster();
    const result = await configure(small, cluster.remote());
    expect(result.changed.map(({ id }) => id)).toContain("bundle");
    const [node] = await idle(["cpu-1"]);
    expect(node?.unit).toMatchObject({ stage: "ready", ok: true, generation: 1, attempts: 1, message: "" });
    expect(await asAlice("srun --nodelist=cpu-1 bash -c 'echo $(hostname) $(id -u) $HOME'")).toBe(
      "cpu-1 2001 /home/alice\n",
    );
  });

  it("takes next to nothing when there is nothing to do", async () => {
    const before = await cluster.inside(
      "cpu-1",
      "stat",
      "-c",
      "%i %Y",
      "/etc/passwd",
      "/etc/hosts",
      "/etc/munge/munge.key",
    );
    const times = await cluster.inside(
      "cpu-1",
      "bash",
      "-c",
      "TIMEFORMAT='%U %S'; { time /run/ohpc/bundle/converge; } 2>&1",
    );
    const starts = await cluster.inside(
      "cpu-1",
      "bash",
      "-c",
      "TIMEFORMAT='%U %S'; { time for k in 1 2 3 4 5; do python3 -c pass; done; } 2>&1",
    );
    const seconds = (text: string) => {
      const [user = 9, system = 9] = text.trim().split("\n").at(-1)!.split(" ").map(Number);
      return user + system;
    };
    // A slow machine is slow with everything: no more than 25 starts of Python.
    expect(seconds(times)).toBeLessThan(Math.max(0.5, 5 * seconds(starts)));
    expect(
      await cluster.inside("cpu-1", "stat", "-c", "%i %Y", "/etc/passwd", "/etc/hosts", "/etc/munge/munge.key"),
    ).toBe(before);
  });

  it("that is not in slurm.conf yet waits and says so, then joins without anybody touching it", async () => {
    await cluster.startNode("cpu", 2);
    await cluster.startNode("gpu", 1, 1);
    const waiting = await eventually(
      async () => report("cpu-2"),
      ({ attempts, stage }) => stage === "slurmd" && attempts >= 3,
    );
    expect(waiting.message).toBe("the cluster does not have cpu-2 yet: run ohpc configure");
    expect(await cluster.inside("cpu-2", "bash", "-c", "systemctl is-active slurmd || true")).toBe("inactive\n");
    await configure(large, cluster.remote());
    await idle(["cpu-1", "cpu-2"]);
    expect((await asAlice("srun --nodes=2 --partition=cpu hostname")).trim().split("\n").sort()).toEqual([
      "cpu-1",
      "cpu-2",
    ]);
  });

  it("with fewer GPUs than promised does not start slurmd, and names what is missing", async () => {
    const waiting = await eventually(
      async () => report("gpu-1"),
      // Of its first run it may say that it is under way.
      ({ stage, final }) => stage === "devices" && final === true,
    );
    // A machine that came up without them does not get them by itself: `ohpc up` waits no longer.
    expect(waiting).toMatchObject({ message: "promised, but not there: /dev/nvidia1", final: true });
    expect(await cluster.inside("gpu-1", "bash", "-c", "systemctl is-active slurmd || true")).toBe("inactive\n");
    await cluster.startNode("gpu", 1);
    await idle(["gpu-1"]);
    expect(await asAlice("srun --partition=gpu --gres=gpu:2 bash -c 'echo $CUDA_VISIBLE_DEVICES'")).toBe("0,1\n");
  });

  it("that loses a GPU while it is in use takes no new jobs, and takes them again when it is back", async () => {
    await cluster.inside("gpu-1", "mv", "/dev/nvidia1", "/dev/away");
    await kick();
    const drained = await eventually(
      async () => node("gpu-1"),
      // Both are asked at the same time, and neither waits for the other.
      ({ slurm, unit }) => slurm?.state === "drained" && "ok" in unit && !unit.ok,
    );
    expect(drained.slurm?.reason).toBe("ohpc: promised, but not there: /dev/nvidia1");
    expect(drained.unit).toMatchObject({
      stage: "devices",
      ok: false,
      message: "promised, but not there: /dev/nvidia1",
    });
    expect(drained.unit).not.toHaveProperty("final");
    await cluster.inside("gpu-1", "mv", "/dev/away", "/dev/nvidia1");
    await idle(["gpu-1"]);
  });

  it("hears of a change when the master is configured, not a minute later", async () => {
    // A minute later would be never.
    await cluster.inside("cpu-1", "systemctl", "stop", "ohpc-node.timer");
    const before = (await report("cpu-1")).generation;
    await configure(
      cluster.view({ pools: { cpu: 2, gpu: 1 }, users: [{ name: "alice" }, { name: "bob" }] }),
      cluster.remote(),
    );
    await eventually(
      async () => report("cpu-1"),
      ({ generation, ok }) => ok && generation > before,
    );
    expect(await cluster.inside("cpu-1", "id", "-u", "bob")).toBe("2002\n");
    await cluster.inside("cpu-1", "systemctl", "start", "ohpc-node.timer");
  });

  it("that was off while the bundle changed catches up when it boots", async () => {
    await cluster.engine("stop", "-t", "10", cluster.container("cpu-2"));
    await configure(
      cluster.view({ pools: { cpu: 2, gpu: 1 }, users: [{ name: "alice" }, { name: "carol", uid: 2003 }] }),
      cluster.remote(),
    );
    await cluster.engine("start", cluster.container("cpu-2"));
    await idle(["cpu-1", "cpu-2"]);
    expect(await cluster.inside("cpu-2", "id", "-u", "carol")).toBe("2003\n");
    await expect(cluster.inside("cpu-2", "id", "-u", "bob")).rejects.toThrow("no such user");
  });

  it("goes on with its jobs while the master is away, and boots meanwhile, and is there again when the master is", async () => {
    await asAlice(
      "sbatch --nodelist=cpu-1 --output=/home/alice/long --wrap 'for k in $(seq 1200); do echo $k; sleep 1; done'",
    );
    await eventually(
      async () => cluster.inside("cpu-1", "bash", "-c", "cat /home/alice/long || true"),
      (text) => text !== "",
    );
    await cluster.remote().close();
    await cluster.engine("stop", "-t", "20", cluster.container("master"));
    await cluster.engine("restart", "-t", "10", cluster.container("cpu-2"));
    const away = Date.now();
    const lines = async () => (await cluster.inside("cpu-1", "cat", "/home/alice/long")).trim().split("\n").length;
    const then = await lines();
    const waiting = await eventually(
      async () => report("cpu-2"),
      ({ stage, attempts }) =>
        stage === "controller" && attempts > 10 && Date.now() - away > PAST_SYSTEMD.toMilliseconds(),
      Duration.minutes(5),
    );
    expect(waiting).toMatchObject({ ok: false, message: "slurmctld does not answer at master:617" });
    expect(await lines()).toBeGreaterThan(then + 30);
    expect(await cluster.inside("cpu-1", "systemctl", "is-active", "slurmd")).toBe("active\n");

    await cluster.engine("start", cluster.container("master"));
    await idle(["cpu-2"]);
    expect(await cluster.remote().run("squeue --noheader --format='%u %T %N'")).toBe("alice RUNNING cpu-1\n");
    await cluster.remote().run("scancel --user alice");
    await idle(["cpu-1"]);
  }, 500_000);

  it("that is rebooted from inside is there again", async () => {
    const before = await boot("cpu-1");
    await cluster.inside("cpu-1", "systemctl", "reboot").catch(() => undefined);
    await bootedSince("cpu-1", before);
    await idle(["cpu-1", "cpu-2", "gpu-1"]);
  });

  it("that Slurm reboots is Slurm's again as soon as it is back; what a person drained stays drained", async () => {
    const remote = cluster.remote();
    await remote.run("scontrol update nodename=cpu-2 state=drain reason='bad fan'");
    const before = { one: await boot("cpu-1"), two: await boot("cpu-2") };
    await remote.run("scontrol reboot cpu-1,cpu-2");
    const states = async () => remote.run("scontrol --oneliner show node cpu-1,cpu-2 | grep -o 'State=[^ ]*'");
    await bootedSince("cpu-1", before.one);
    await bootedSince("cpu-2", before.two);
    const back = "State=IDLE\nState=IDLE+DRAIN\n";
    // Slurm itself would wait for a later time of boot until ResumeTimeout is over.
    await eventually(states, (all) => all === back);
    // Its unit starts slurmd once more, without -b.
    await idle(["cpu-1"]);
    expect(await asAlice("srun --immediate=20 --nodelist=cpu-1 hostname")).toBe("cpu-1\n");
    expect(await cluster.inside("cpu-1", "cat", "/etc/default/slurmd")).not.toContain(" -b");
    await remote.run("scontrol update nodename=cpu-2 state=resume");
  });

  it("that does not answer is called unreachable within seconds, whatever Slurm still thinks", async () => {
    await cluster.engine("kill", cluster.container("cpu-2"));
    const before = Date.now();
    expect((await node("cpu-2")).unit).toHaveProperty("unreachable");
    expect(Date.now() - before).toBeLessThan(50_000);
  });
});

async function report(host: string): Promise<NodeUnitReport> {
  const text = await cluster.inside(host, "bash", "-c", "cat /run/ohpc/node.json 2>/dev/null || echo '{}'");
  return JSON.parse(text) as NodeUnitReport;
}

/** When PID 1 of a machine was started. */
async function boot(host: string): Promise<string> {
  return cluster.inside(host, "awk", "{ print $22 }", "/proc/1/stat");
}

async function bootedSince(host: string, before: string): Promise<void> {
  await eventually(
    async () => boot(host).catch(() => before),
    (now) => now !== before,
  );
}

async function status(): Promise<ClusterStatus> {
  return clusterStatus(large.manifest, cluster.remote());
}

async function node(host: string): Promise<NodeStatus> {
  return (await status()).nodes.find((one) => one.host === host)!;
}

/** Waits until these nodes are, by their own word and by Slurm's, with the bundle that counts. */
async function idle(hosts: readonly string[]): Promise<readonly NodeStatus[]> {
  const wanted = ({ nodes }: ClusterStatus) => nodes.filter(({ host }) => hosts.includes(host));
  const all = await eventually(status, (now) =>
    wanted(now).every(
      ({ slurm, unit }) =>
        slurm?.state === "idle" && slurm.responds && "ok" in unit && unit.ok && unit.generation === now.generation,
    ),
  );
  return wanted(all);
}

async function asAlice(command: string): Promise<string> {
  return cluster
    .remote()
    .run('runuser --login alice --command "$1"', { args: [command], timeout: Duration.seconds(60) });
}

/** As the bundle does it, without waiting for the next minute. */
async function kick(): Promise<void> {
  await cluster
    .remote()
    .run("cd /srv/ohpc/bundle/current; awk 'NR == FNR { n[$1] = 1; next } $2 in n' nodes hosts | python3 ask.py kick");
}
