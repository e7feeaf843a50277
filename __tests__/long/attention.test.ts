import { configure } from "../../lib/operate/configure/configure";
import type { StepEvent } from "../../lib/operate/configure/run-steps";
import type { Failure } from "../../lib/operate/feedback/failure";
import { type Attention, attentionOf } from "../../lib/operate/scheduler/attention";
import type { NodeAnswer } from "../../lib/operate/node/answers";
import { unfinishedJobs } from "../../lib/operate/scheduler/jobs";
import { nodesReady, type Readiness } from "../../lib/operate/scheduler/ready";
import { clusterStatus } from "../../lib/operate/scheduler/status";
import { Duration } from "../../lib/units";
import type { ClusterSketch } from "../support/cluster-builder";
import { eventually, HandMadeCluster } from "../support/hand-made-cluster";

/** What goes wrong with a cluster that was well is told: by `up`, which waits for what it promises, and by `status`. */
const cluster = new HandMadeCluster("attention");
const sketch: ClusterSketch = { pools: { cpu: 2 }, users: [{ name: "alice" }] };
const BOTH = ["cpu-1", "cpu-2"];

beforeAll(async () => {
  await cluster.prepare();
  await Promise.all([cluster.startMaster(), cluster.startNode("cpu", 1), cluster.startNode("cpu", 2)]);
  await configure(cluster.view(sketch), cluster.remote());
  await ready();
}, 900_000);
afterAll(async () => {
  await cluster.end();
});

it("a cluster that is well needs no attention", async () => {
  expect(await attention()).toEqual([]);
});

describe("nodes that are asked", () => {
  it.each(["Prolog", "Epilog"])("and that Slurm drains because of a wrong %s have not answered", async (key) => {
    await apply({ ...sketch, settings: { [key]: "/nowhere/to/be/found" } });
    expect(await failed(ready())).toMatchObject({
      kind: "failed",
      details: { code: "nodes.spoilt", output: BOTH.map((node) => `${node}: ${key} error`) },
    });
    expect((await attention()).map(({ code, host, message }) => `${code} ${host ?? ""} ${message}`)).toEqual(
      BOTH.map((node) => `node.drained ${node} it was drained: ohpc up: ${key} error`),
    );
    // Nothing is given back before it is mended.
    expect(await failed(ready())).toMatchObject({ details: { code: "nodes.spoilt" } });
    await apply(sketch);
    expect(await ready()).toMatchObject({ answered: 2, drained: [] });
  });

  it("and that Slurm drained because of a user's job are named with how they come back", async () => {
    await apply({ ...sketch, settings: { Prolog: "/nowhere/to/be/found" } });
    await asAlice("srun --nodelist=cpu-1 true").catch(() => undefined);
    await apply(sketch);
    await eventually(states, (said) => said.includes("cpu-1 drained"));
    // Not waited for: who waits to the end says that it is late.
    expect(await failed(ready())).toMatchObject({
      details: {
        code: "nodes.drained",
        remedy: expect.stringContaining("ohpc undrain STACK cpu-1") as string,
        output: ["cpu-1 is drained: Prolog error"],
      },
    });
    await master("scontrol update nodename=cpu-1 state=resume");
  });

  it("and that a person drained stay drained, and are no fault", async () => {
    await master("scontrol update nodename=cpu-2 state=drain reason='bad fan'");
    expect(await ready()).toMatchObject({ answered: 1, drained: [{ node: "cpu-2", reason: "bad fan" }] });
    expect(await attention()).toEqual([]);
    await master("scontrol update nodename=cpu-2 state=resume");
  });
});

describe("a node that does not take a new configuration", () => {
  it("is waited for, and said to be behind once it has had two minutes", async () => {
    const program = "/usr/lib/ohpc/ohpc-node";
    await cluster.inside("cpu-1", "chmod", "a-x", program);
    // A run that began before would take it all the same.
    await eventually(
      async () => cluster.inside("cpu-1", "systemctl", "show", "--property=SubState", "--value", "ohpc-node.service"),
      (said) => !said.startsWith("start") && !said.startsWith("condition"),
    );
    const wanted = { ...sketch, users: [{ name: "alice" }, { name: "bob" }] };
    await apply(wanted);
    await eventually(
      async () => clusterStatus(cluster.view(wanted).manifest, cluster.remote()),
      ({ generation, nodes }) => nodes.some(({ host, unit }) => host === "cpu-2" && has(unit, generation)),
    );
    expect(await failed(ready(Duration.seconds(8)))).toMatchObject({
      details: {
        code: "nodes.late",
        output: [expect.stringMatching(/^cpu-1 is behind: it has configuration \d+, not/)],
      },
    });
    // On a busy machine all this may have taken two minutes.
    await master("touch /srv/ohpc/bundle/current/generation");
    expect(await attention()).toEqual([]);
    await master("touch --date '3 minutes ago' /srv/ohpc/bundle/current/generation");
    expect(await attention()).toMatchObject([{ code: "node.behind", host: "cpu-1" }]);
    await cluster.inside("cpu-1", "chmod", "a+x", program);
    expect(await ready()).toMatchObject({ answered: 2 });
    expect(await cluster.inside("cpu-1", "id", "-un", "bob")).toBe("bob\n");
    await apply(sketch);
  });
});

describe("a daemon that runs and does not answer", () => {
  it.each([
    ["munged", "munge"],
    ["mariadbd", "mariadb"],
    ["slurmdbd", "slurmdbd"],
    ["slurmctld", "slurmctld"],
  ])("(%s) is named within seconds, by status and by configure", async (program, daemon) => {
    await cluster.inside("master", "pkill", "-STOP", "-x", program);
    try {
      const started = Date.now();
      expect(await attention()).toMatchObject([
        { code: "daemon.silent", host: "master", message: `${daemon} runs and does not answer` },
      ]);
      expect(await failed(apply(sketch))).toMatchObject({
        details: {
          cause: `${daemon} runs and does not answer`,
          remedy: expect.stringContaining(`systemctl restart ${daemon}`) as string,
        },
      });
      // Without a limit each of them takes a minute, several times.
      expect(Date.now() - started).toBeLessThan(120_000);
      if (daemon === "slurmctld") {
        expect(await failed(unfinishedJobs(cluster.remote()))).toMatchObject({ details: { code: "slurmctld.silent" } });
        expect(await failed(ready())).toMatchObject({ details: { code: "slurmctld.silent" } });
      }
    } finally {
      await cluster.inside("master", "pkill", "-CONT", "-x", program);
    }
    await eventually(attention, (found) => found.length === 0);
  });
});

describe("a slurm.conf that was damaged on the master", () => {
  it.each([
    ["emptied", ": >/etc/slurm/slurm.conf", true],
    ["cut in the middle of its cluster's name", "sed -i '/^ClusterName/{s/.$//;q}' /etc/slurm/slurm.conf", true],
    ["given a line that ends too soon", "echo 'NodeName=xx[' >>/etc/slurm/slurm.conf", false],
  ])(
    "(%s) is written anew without harm to jobs, and told where nobody can ask slurmctld with it",
    async (_, damage, told) => {
      const id = (await asAlice("sbatch --parsable --hold --wrap true")).trim();
      const whole = await master("sha256sum </etc/slurm/slurm.conf");
      await master(damage);
      expect((await attention()).map(({ code }) => code)).toEqual(told ? ["controller.unasked"] : []);
      expect((await apply(sketch)).changed.map((step) => step.id)).toEqual(["slurm-conf"]);
      expect(await master("sha256sum </etc/slurm/slurm.conf; squeue --noheader --format=%i")).toBe(`${whole}${id}\n`);
      await master('scancel "$1"', id);
      await ready();
    },
  );

  it("is refused if it is another cluster's, damaged or not", async () => {
    await master("sed -i.bak 's/^ClusterName=.*/ClusterName=other/; $a NodeName=xx[' /etc/slurm/slurm.conf");
    expect(await failed(apply(sketch))).toMatchObject({ kind: "consent", details: { code: "step/slurm-conf" } });
    await master("mv -f /etc/slurm/slurm.conf.bak /etc/slurm/slurm.conf");
  });
});

describe("a job that slurmctld lost before it had saved it", () => {
  it("is ended in the accounting database and named, so that its user can be removed; others are left alone", async () => {
    const both = { ...sketch, users: [{ name: "alice" }, { name: "bob" }] };
    await apply(both);
    await ready();
    const kept = (await asUser("alice", "sbatch --parsable --hold --wrap true")).trim();
    // Without any older state, slurmctld would end all jobs that the database has.
    const state = "/srv/ohpc/state/slurmctld";
    // It writes and renames meanwhile: what is copied must be whole, and have the job.
    await master(`touch /run/submitted
      until cp -a ${state} ${state}.before && [ ${state}.before/job_state -nt /run/submitted ]; do rm -rf ${state}.before; sleep 0.2; done`);
    const runs = (await asUser("bob", "sbatch --parsable --wrap 'sleep 600'")).trim();
    const waits = (await asUser("bob", "sbatch --parsable --begin now+1hour --wrap true")).trim();
    const recorded = async () =>
      master(
        'sacct --allusers --noheader --allocations --parsable2 --format=jobid,state --jobs "$1"',
        `${kept},${runs},${waits}`,
      );
    await eventually(recorded, (said) => said === `${kept}|PENDING\n${runs}|RUNNING\n${waits}|PENDING\n`);
    await master(`systemctl kill --signal=KILL slurmctld slurmdbd mariadb; systemctl stop slurmctld slurmdbd mariadb
      rm -rf ${state}; mv ${state}.before ${state}; systemctl start mariadb slurmdbd slurmctld`);
    await eventually(
      async () => master("timeout 20 scontrol ping || true"),
      (said) => said.includes("is UP"),
    );
    expect(await master("squeue --noheader --format=%i")).toBe(`${kept}\n`);

    const notes: string[] = [];
    const { changed } = await apply(sketch, (event) => {
      if (event.kind === "changed" && event.note !== undefined) notes.push(event.note);
    });
    expect(changed.map((step) => step.id)).toEqual(expect.arrayContaining(["runaway-jobs", "departures"]));
    expect(notes).toEqual([expect.stringMatching(new RegExp(`: ${runs} bob RUNNING, ${waits} bob PENDING$`))]);
    expect(await master("sacctmgr --noheader --parsable2 show user bob format=user")).toBe("");
    expect(await recorded()).toBe(`${kept}|PENDING\n${runs}|COMPLETED\n${waits}|COMPLETED\n`);
    expect(await master("squeue --noheader --format=%i")).toBe(`${kept}\n`);
    expect((await apply(sketch)).changed).toEqual([]);
    await master('scancel "$1"', kept);
    await ready();
  });
});

describe("a disk without room", () => {
  it("of a node keeps jobs away from it, is told, and the node comes back by itself", async () => {
    await privileged("cpu-1", "mount -t tmpfs -o size=1m tmpfs /tmp; head -c 2M /dev/zero >/tmp/junk || true");
    await cluster.inside("cpu-1", "systemctl", "start", "--no-block", "ohpc-node.service");
    // Slurm knows first that it is drained; the node's own answer has the stage, too.
    const seen = await eventually(attention, (found) => found.some(({ code }) => code === "node.unready"));
    expect(seen).toMatchObject([
      { code: "node.unready", message: expect.stringContaining("room: /tmp is 100 % full") as string },
    ]);
    expect(await states()).toContain("cpu-1 drained ohpc: /tmp is 100 % full\n");
    expect(await failed(ready(Duration.seconds(8)))).toMatchObject({ details: { code: "nodes.late" } });
    await privileged("cpu-1", "umount --lazy /tmp");
    await eventually(states, (said) => said === "cpu-1 idle none\ncpu-2 idle none\n");
    await eventually(attention, (found) => found.length === 0);
  });

  it("of a node that only fills is told, and jobs go on", async () => {
    await privileged("cpu-1", "mount -t tmpfs -o size=40m tmpfs /tmp; head -c 39400K /dev/zero >/tmp/junk");
    await cluster.inside("cpu-1", "systemctl", "start", "ohpc-node.service");
    const seen = await eventually(attention, (found) => found.some(({ code }) => code === "node.lacks"));
    expect(seen).toMatchObject([
      { code: "node.lacks", message: expect.stringMatching(/^\/tmp is 9\d % full/) as string },
    ]);
    expect(await states()).toContain("cpu-1 idle none\n");
    await privileged("cpu-1", "umount --lazy /tmp");
    await cluster.inside("cpu-1", "systemctl", "start", "ohpc-node.service");
    // It may have joined a run that had looked before.
    await eventually(attention, (found) => found.length === 0);
  });

  it("of the master is named by its mount point", async () => {
    await privileged("master", "mount -t tmpfs -o size=64k tmpfs /home; head -c 1M /dev/zero >/home/junk || true");
    expect(await attention()).toMatchObject([
      { code: "disk.full", host: "master", message: expect.stringMatching(/^\/home is 100 % full/) as string },
    ]);
    expect(await failed(apply({ ...sketch, users: [{ name: "alice" }, { name: "carol" }] }))).toMatchObject({
      details: {
        cause: "no room is left on /home",
        remedy: expect.stringContaining("df -h /home") as string,
        output: expect.not.arrayContaining([expect.stringContaining("Traceback")]) as string[],
      },
    });
    await privileged("master", "umount --lazy /home");
    await apply(sketch);
    await ready();
    expect(await attention()).toEqual([]);
  });
});

/** Whether a node has taken a configuration. */
function has(unit: NodeAnswer, generation: number | undefined): boolean {
  return "generation" in unit && unit.ok && unit.generation === generation;
}

async function attention(): Promise<readonly Attention[]> {
  const status = await clusterStatus(cluster.view(sketch).manifest, cluster.remote());
  return attentionOf({ ...status, stack: "demo", master: "master" });
}

async function ready(limit = Duration.minutes(4)): Promise<Readiness> {
  const report = { title: () => undefined, detail: () => undefined };
  return nodesReady(cluster.remote(), cluster.view(sketch), limit, report);
}

async function apply(wanted: ClusterSketch, onEvent?: (event: StepEvent) => void) {
  return configure(cluster.view(wanted), cluster.remote(), { onEvent });
}

/** `cpu-1 idle none`, a line for each node. */
async function states(): Promise<string> {
  return master("sinfo --noheader --Node --format='%N %T %E' | sort -u");
}

async function master(script: string, ...args: string[]): Promise<string> {
  return cluster.remote().run(script, { args, timeout: Duration.seconds(60) });
}

async function asAlice(command: string): Promise<string> {
  return asUser("alice", command);
}

async function asUser(user: string, command: string): Promise<string> {
  return master('cd /tmp; runuser --login "$1" --command "$2"', user, command);
}

/** What a container may not do to itself: mount. */
async function privileged(host: string, script: string): Promise<void> {
  await cluster.engine("exec", "--privileged", cluster.container(host), "bash", "-c", script);
}

async function failed(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    (value: unknown) => {
      throw new Error(`it should have failed, and gave ${JSON.stringify(value)}`);
    },
    (error: unknown) => error as Failure,
  );
}
