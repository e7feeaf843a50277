import { NODE_ANSWER_PORT, SLURMCTLD_PORT } from "../../../lib/model/ports";
import { configure } from "../../../lib/operate/configure/configure";
import type { NodeAnswer } from "../../../lib/operate/node/answers";
import { clusterStatus } from "../../../lib/operate/scheduler/status";
import { Duration } from "../../../lib/units";
import type { ClusterSketch } from "../../support/cluster-builder";
import { eventually, HandMadeCluster } from "../../support/hand-made-cluster";

/** One user leaves room for the others, and the operator's questions are answered whatever she does. */
const cluster = new HandMadeCluster("limits");
const sketch: ClusterSketch = {
  pools: { cpu: 1 },
  partitions: { cpu: { maxTime: "1-00:00:00" } },
  users: [{ name: "alice" }, { name: "bob" }],
};

beforeAll(async () => {
  await cluster.startSmallest(sketch);
  await eventually(unit, (answer) => "ok" in answer && answer.ok);
}, 900_000);
afterAll(async () => {
  await cluster.end();
});

describe("alice", () => {
  it("cannot fill the queue: her jobs end at the limit, and bob submits", async () => {
    const many = "sbatch --parsable --hold --array=0-999 --output=/dev/null --wrap true";
    expect(await as("alice", many)).toMatch(/^\d+\n$/);
    expect(await as("alice", many)).toMatch(/^\d+\n$/);
    expect(await as("alice", many)).toContain("AssocMaxSubmitJobLimit");
    expect(await as("alice", "sbatch --parsable --hold --wrap true")).toContain("AssocMaxSubmitJobLimit");
    expect(await as("bob", "sbatch --parsable --hold --wrap true")).toMatch(/^\d+\n$/);
    await cancelAll();
  });

  it("has the limit that the stack says, unless an administrator has given her another, which stays", async () => {
    const told: ClusterSketch = { ...sketch, slurm: { maxSubmitJobs: 2 } };
    const { changed } = await configure(cluster.view(told), cluster.remote());
    expect(changed.map(({ id, effect }) => [id, effect])).toEqual([["cluster-registered", "reconfigure"]]);
    await master("sacctmgr --immediate modify user alice set maxsubmitjobs=3");
    expect((await configure(cluster.view(told), cluster.remote())).changed).toEqual([]);
    const jobs = (count: number) => `sbatch --parsable --hold --array=1-${count} --output=/dev/null --wrap true`;
    expect(await as("bob", jobs(3))).toContain("AssocMaxSubmitJobLimit");
    expect(await as("bob", jobs(2))).toMatch(/^\d+\n$/);
    expect(await as("alice", jobs(4))).toContain("AssocMaxSubmitJobLimit");
    expect(await as("alice", jobs(3))).toMatch(/^\d+\n$/);
    await cancelAll();
    await master("sacctmgr --immediate modify user alice set maxsubmitjobs=-1");
    await configure(cluster.view(sketch), cluster.remote());
  });

  it("cannot use a QOS that nobody gave her", async () => {
    expect(await as("alice", "sbatch --qos=nonsense --wrap true")).toContain("Invalid qos");
    expect(await as("alice", "sbatch --parsable --hold --qos=normal --wrap true")).toMatch(/^\d+\n$/);
    await cancelAll();
  });

  it("is told at once that no partition takes such a job", async () => {
    expect(await as("alice", "sbatch --time=2-0 --wrap true")).toContain("Requested time limit is invalid");
  });

  it("cannot read bob's command lines, neither in the queue nor in the history", async () => {
    const job = (await as("bob", "sbatch --parsable --hold --comment=secret --wrap 'echo secret'")).trim();
    await eventually(
      async () => master(`sacct --noheader --allusers --jobs=${job} --format=submitline%100`),
      (said) => said.includes("secret"),
    );
    for (const command of [
      "squeue --all --format='%i %u %k %o'",
      `scontrol show job ${job}`,
      `sacct --allusers --jobs=${job} --format=jobid,submitline%100`,
      "sacct --allusers --starttime=now-1days --format=jobid,submitline%100",
    ]) {
      expect(await as("alice", command)).not.toContain("secret");
    }
    expect(await as("bob", `scontrol show job ${job}`)).toContain("secret");
    await configure(cluster.view({ ...sketch, slurm: { privateData: [] } }), cluster.remote());
    expect(await as("alice", "squeue --format='%u %k'")).toContain("bob secret");
    await configure(cluster.view(sketch), cluster.remote());
    await cancelAll();
  });

  it("leaves slurmctld to others, though she has a thousand connections to it open", async () => {
    await cluster.inside("master", "rm", "-f", "/tmp/stop", "/tmp/tries");
    const hold = `runuser -u alice -- setsid --fork python3 -c "$1" </dev/null >/dev/null 2>&1`;
    await cluster.inside("master", "bash", "-c", hold, "bash", HOLD);
    await eventually(
      async () => cluster.inside("master", "bash", "-c", "cat /tmp/tries || true"),
      (tries) => Number(tries) >= 1000,
    );
    for (let k = 0; k < 5; k++) expect(await as("bob", "timeout 40 sinfo --noheader --format=%D")).toBe("1\n");
    await cluster.inside("master", "touch", "/tmp/stop");
  });

  it.each(["master", "cpu-1"])(
    "cannot read what daemons log on %s, which may hold what others submitted",
    async (host) => {
      const found = "runuser -u alice -- find /var/log/slurm /var/log/munge -type f -readable 2>/dev/null || true";
      expect(await cluster.inside(host, "bash", "-c", `cd /; ${found}`)).toBe("");
      expect(await cluster.inside(host, "bash", "-c", "ls /var/log/slurm/*.log")).toContain("/var/log/slurm/");
    },
  );
});

describe("a node's unit", () => {
  const runs = async () => cluster.inside("cpu-1", "systemctl", "show", "--property=InvocationID", "ohpc-node.service");

  it.each(["master", "cpu-1"])("is not run by alice on %s, nor does she get a word out of it", async (host) => {
    // A run that is under way, or about to be, is none of alice's.
    await cluster.inside("cpu-1", "systemctl", "stop", "ohpc-node.timer", "ohpc-node.service");
    const before = await runs();
    const said = await cluster.inside(host, "runuser", "-u", "alice", "--", "python3", "-c", ASK, address(), "kick");
    expect(said).toBe("nothing\n");
    expect(await cluster.inside(host, "python3", "-c", ASK, address(), "kick")).toBe("nothing\n");
    expect(await runs()).toBe(before);
    await cluster.remote().run(`echo "$1 cpu-1" | python3 /srv/ohpc/bundle/current/ask.py kick`, { args: [address()] });
    await eventually(runs, (now) => now !== before);
    await cluster.inside("cpu-1", "systemctl", "start", "ohpc-node.timer");
  });

  it.each(["master", "cpu-1"])("answers the operator while alice floods it from %s", async (host) => {
    await cluster.inside(host, "rm", "-f", "/tmp/stop", "/tmp/tries");
    const flood = `runuser -u alice -- setsid --fork python3 -c "$1" "$2" </dev/null >/dev/null 2>&1`;
    for (let k = 0; k < 2; k++) await cluster.inside(host, "bash", "-c", flood, "bash", FLOOD, address());
    await eventually(
      async () => cluster.inside(host, "bash", "-c", "cat /tmp/tries || true"),
      (tries) => Number(tries) >= 1000,
    );
    for (let k = 0; k < 20; k++) expect(await unit()).toMatchObject({ stage: "ready", ok: true });
    await cluster.inside(host, "touch", "/tmp/stop");
  });
});

describe("the daemons", () => {
  it("are the last that the kernel ends for want of memory", async () => {
    const of = async (host: string, units: string) =>
      cluster.inside(host, "bash", "-c", `systemctl show --property=OOMScoreAdjust --value ${units} | grep .`);
    expect(await of("master", "slurmctld slurmdbd mariadb munge")).toBe("-900\n".repeat(4));
    expect(await of("cpu-1", "slurmd munge ohpc-node-answer")).toBe("-900\n".repeat(3));
    // sshd cares for itself, and gives sessions their own again: with a score of its unit they would have that.
    expect(await of("master", "ssh")).toBe("0\n");
  });

  it("are not crowded out by the sessions of one user, as far as the kernel can", async () => {
    const of = async (slice: string) =>
      cluster.inside("master", "systemctl", "show", "--property=TasksMax", "--value", slice);
    expect(await of("user-2001.slice")).toBe("4096\n");
    expect(await of("user-0.slice")).toBe("infinity\n");
  });
});

/** Python that asks a node unit from whatever port the kernel gives. */
const ASK = `
import socket, sys
with socket.create_connection((sys.argv[1], ${NODE_ANSWER_PORT}), 60) as connection:
    try:
        connection.sendall(sys.argv[2].encode() + b"\\n")
        print(connection.recv(65536).decode() or "nothing")
    except ConnectionError:
        print("nothing")
`;

/** Python that opens connections as fast as it can, keeps the last 500 of them, and stops when it is told to. */
const FLOOD = `
import collections, os, socket, sys
kept, tries = collections.deque(maxlen=500), 0
while not os.path.exists("/tmp/stop"):
    sock = socket.socket()
    sock.settimeout(1)
    try:
        sock.connect((sys.argv[1], ${NODE_ANSWER_PORT}))
        kept.append(sock)
    except OSError:
        pass
    tries += 1
    if tries % 500 == 0:
        with open("/tmp/tries", "w") as file:
            print(tries, file=file)
`;

/** Python that has a thousand connections to slurmctld open, says nothing, and begins others when they are ended. */
const HOLD = `
import os, resource, selectors, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (4000, 4000))
kept, tries = selectors.DefaultSelector(), 0
while not os.path.exists("/tmp/stop"):
    while len(kept.get_map()) < 1000 and not os.path.exists("/tmp/stop"):
        try:
            kept.register(socket.create_connection(("127.0.0.1", ${SLURMCTLD_PORT}), 5), selectors.EVENT_READ)
        except OSError:
            continue # it is slow to let so many in
        tries += 1
        if tries % 100 == 0:
            print(tries, file=open("/tmp/tries", "w"))
    for key, _ in kept.select(0.1):
        kept.unregister(key.fileobj)
        key.fileobj.close()
`;

function address(): string {
  return cluster.address("cpu", 1);
}

async function unit(): Promise<NodeAnswer> {
  return (await clusterStatus(cluster.view(sketch).manifest, cluster.remote())).nodes[0]!.unit;
}

async function master(script: string): Promise<string> {
  return cluster.remote().run(script, { timeout: Duration.seconds(60) });
}

async function cancelAll(): Promise<void> {
  await master("scancel --user alice; scancel --user bob");
}

/** What a user's command says, refusals included. */
async function as(user: string, command: string): Promise<string> {
  return cluster.remote().run('cd /; runuser -u "$1" -- bash -c "$2" 2>&1 || true', {
    args: [user, command],
    timeout: Duration.seconds(60),
  });
}
