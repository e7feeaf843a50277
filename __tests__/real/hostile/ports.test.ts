import {
  FIRST_USER_PORT,
  NODE_EXPORTER_PORT,
  PORT_MATRIX,
  SLURMCTLD_PORT,
  SLURMD_PORT,
  SLURMDBD_PORT,
  SRUN_PORTS,
} from "../../../lib/model/ports";
import { configure } from "../../../lib/operate/configure/configure";
import { nodesReady } from "../../../lib/operate/scheduler/ready";
import { clusterStatus, type NodeStatus } from "../../../lib/operate/scheduler/status";
import { Duration } from "../../../lib/units";
import type { ClusterSketch } from "../../support/cluster-builder";
import { eventually, HandMadeCluster } from "../../support/hand-made-cluster";

/** Whoever answers in the place of a daemon is believed, up to root on every node: alice never does. */
const cluster = new HandMadeCluster("ports");
const sketch: ClusterSketch = { pools: { cpu: 1 }, users: [{ name: "alice" }] };
const MACHINES = ["master", "cpu-1"];
/** All of the matrix but for what begins where users' ports begin, and for what is all ports. */
const PORTS = [
  ...new Set(
    PORT_MATRIX.flatMap(({ ports }) => ports)
      .filter(({ from, protocol }) => protocol !== "all" && from < FIRST_USER_PORT)
      .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, k) => from + k)),
  ),
];
/** What keeps them, on either machine. */
const DAEMONS =
  "slurmctld slurmdbd slurmd prometheus-node-exporter ssh ohpc-node-answer.socket ohpc-node-answer.service";

beforeAll(async () => {
  await cluster.startSmallest(sketch);
  await idle();
}, 900_000);
afterAll(async () => {
  await cluster.end();
});

describe.each(MACHINES)("alice on %s", (host) => {
  it("is kept off the ports of all daemons", () => {
    expect(PORTS).toEqual(expect.arrayContaining([22, 2049, SLURMCTLD_PORT, SLURMD_PORT, SLURMDBD_PORT]));
    expect(Math.max(...PORTS)).toBeLessThan(2050);
  });

  it("cannot bind a port of a daemon that runs", async () => {
    expect(await bound(host)).toEqual([]);
  });

  it("cannot bind one as root of a user namespace of her own", async () => {
    expect(await bound(host, "unshare --user --map-root-user")).toEqual([]);
  });

  it("cannot bind the port of a daemon that is stopped", async () => {
    const running = (await bash(host, `systemctl is-active ${DAEMONS} || true`)).trim().split("\n");
    const there = DAEMONS.split(" ").filter((_, k) => running[k] === "active");
    // The node unit would start slurmd again.
    await bash(host, `systemctl stop ohpc-node.timer ohpc-node.service ${there.join(" ")}`);
    expect(await bash(host, "ss --no-header --listening --tcp --numeric '( sport < :2050 )'")).toBe("");
    expect(await bound(host)).toEqual([]);
    await bash(host, `systemctl start ${host === "master" ? "" : "ohpc-node.timer"} ${there.join(" ")}`);
    await idle();
  });

  it("never wins the race for the port of one that restarts, crashes or is reconfigured", async () => {
    await bash(host, `rm -f /tmp/stop; install -o alice -m 0600 /dev/null /tmp/won`);
    await bash(host, `runuser -u alice -- setsid --fork python3 -c "$1" </dev/null >/dev/null 2>&1`, RACE);
    for (let k = 0; k < 2; k++) {
      for (const daemon of host === "master" ? ["slurmctld", "slurmdbd"] : ["slurmd"]) {
        const now = `systemctl show --property=MainPID --property=ActiveState ${daemon} | sort`;
        const killed = await bash(host, `systemctl restart ${daemon}; ${now}; systemctl kill --signal=KILL ${daemon}`);
        await eventually(
          async () => bash(host, now),
          // systemd takes a moment to see that it is dead.
          (said) => said.startsWith("ActiveState=active\n") && said !== killed,
        );
      }
      await slurmctldAnswers();
      await master("scontrol reconfigure");
    }
    await idle();
    await eventually(
      // It is empty for a moment whenever it is written.
      async () => bash(host, "cat /tmp/tries || true"),
      (tries) => /^\d{3,}$/.test(tries),
    );
    await stopAlice(host);
    expect(await bash(host, "cat /tmp/won")).toBe("");
    await asAlice("srun true");
  });
});

describe("the daemons", () => {
  it("have their ports again after scontrol reconfigure, a restart and a crash, and sbatch works inside jobs", async () => {
    const holders = async () =>
      Promise.all(
        MACHINES.map(async (host) =>
          bash(host, "ss --no-header --listening --tcp --numeric --processes '( sport < :2050 )'"),
        ),
      );
    const [onMaster = "", onNode = ""] = await holders();
    expect(onMaster).toMatch(new RegExp(`:${SLURMCTLD_PORT} .*"slurmctld"`));
    expect(onMaster).toMatch(new RegExp(`:${SLURMDBD_PORT} .*"slurmdbd"`));
    expect(onMaster).toMatch(new RegExp(`:${NODE_EXPORTER_PORT} .*"prometheus-node"`));
    expect(onNode).toMatch(new RegExp(`:${SLURMD_PORT} .*"slurmd"`));
    expect(onNode).toMatch(new RegExp(`:${NODE_EXPORTER_PORT} .*"prometheus-node"`));
    expect(await bash("master", "ps -o user= -C slurmctld,slurmdbd | sort -u")).toBe("slurm\n");
    // The database hears of a job a little later than the job begins.
    const inside =
      "sbatch --parsable --output=/dev/null --wrap true && until sacct --noheader --parsable2 --format=state | grep -x RUNNING; do sleep 0.2; done";
    const [job = "", ...states] = (await asAlice(`srun bash -c '${inside}'`)).split("\n");
    expect(states).toContain("RUNNING");
    await eventually(
      async () => master(`sacct --noheader --parsable2 --allocations --jobs=${job} --format=state`),
      (said) => said === "COMPLETED\n",
    );
  });

  it("listen to nobody on a port that alice may have", async () => {
    await bash("master", `rm -f /tmp/met; install -o alice -m 0600 /dev/null /tmp/met`);
    await bash(
      "master",
      `rm -f /tmp/stop; runuser -u alice -- setsid --fork python3 -c "$1" </dev/null >/dev/null 2>&1`,
      LISTEN,
    );
    await eventually(
      async () =>
        bash(
          "master",
          "ss --no-header --listening --tcp --numeric '( sport = :6817 or sport = :7000 or sport = :8888 )' | wc -l",
        ),
      (count) => count === "3\n",
    );
    await bash("cpu-1", "systemctl restart slurmd; systemctl start ohpc-node.service");
    await slurmctldAnswers();
    await idle();
    expect(await bash("master", "cat /tmp/met")).toBe("");
    await stopAlice("master");
  });
});

describe("a new slurm.conf", () => {
  it("is not stopped by alice, who listens wherever she may", async () => {
    await bash(
      "master",
      `rm -f /tmp/stop; runuser -u alice -- setsid --fork python3 -c "$1" </dev/null >/dev/null 2>&1`,
      CROWD,
    );
    await eventually(
      async () =>
        bash("master", "ss --no-header --listening --tcp --numeric '( sport >= :16817 and sport < :16900 )' | wc -l"),
      (count) => count === "83\n",
    );
    const { changed } = await configure(cluster.view({ ...sketch, settings: { KillWait: "31" } }), cluster.remote());
    expect(changed.map(({ id }) => id)).toEqual(["slurm-conf"]);
    await stopAlice("master");
  });
});

describe("the srun by which the operator asks all nodes", () => {
  it("is not stopped by alice, who has all ports of srun", async () => {
    await bash(
      "master",
      `rm -f /tmp/stop; runuser -u alice -- setsid --fork python3 -c "$1" </dev/null >/dev/null 2>&1`,
      listenOn(`range(${SRUN_PORTS.from}, ${SRUN_PORTS.to + 1})`),
    );
    const taken = `ss --no-header --listening --tcp --numeric '( sport >= :${SRUN_PORTS.from} and sport <= :${SRUN_PORTS.to} )' | wc -l`;
    await eventually(
      async () => bash("master", taken),
      // The kernel gives connections some of them, too.
      (count) => Number(count) > 0.9 * (SRUN_PORTS.to - SRUN_PORTS.from),
    );
    await idle();
    const told = { title: () => undefined, detail: () => undefined };
    expect(await nodesReady(cluster.remote(), cluster.view(sketch), Duration.minutes(2), told)).toMatchObject({
      nodes: 1,
      answered: 1,
    });
    await stopAlice("master");
  });
});

describe("a cluster that has the ports of before", () => {
  it("moves with its jobs, and says what that does", async () => {
    await bash(
      "master",
      `sed -i 's/^SlurmctldPort=.*/SlurmctldPort=6817/; s/^SlurmdPort=.*/SlurmdPort=6818/; s/^AccountingStoragePort=.*/AccountingStoragePort=6819/' /etc/slurm/slurm.conf
       sed -i 's/^DbdPort=.*/DbdPort=6819/' /etc/slurm/slurmdbd.conf
       systemctl restart slurmdbd slurmctld`,
    );
    // Its node unit does not know the ports of now, nor hears the master's kick.
    await bash(
      "cpu-1",
      `systemctl stop ohpc-node.timer ohpc-node.service ohpc-node-answer.socket ohpc-node-answer.service
       sed -i 's/"slurmctldPort": ${SLURMCTLD_PORT}/"slurmctldPort": 6817/' /run/ohpc/bundle/node.json
       sed -i 's/:${SLURMCTLD_PORT}/:6817/' /etc/default/slurmd
       systemctl restart slurmd`,
    );
    await bash("master", "sed -i 's/: 617/: 6817/' /srv/ohpc/bundle/current/node.json");
    await eventually(
      async () => master("sinfo --noheader --format=%T || true"),
      (said) => said === "idle\n",
    );
    // It lasts until its node has moved, however long that takes.
    const script = "until [ -e ~/moved ]; do sleep 0.2; done; echo done";
    const job = (await asAlice(`sbatch --parsable --output=/home/alice/%j --wrap "${script}"`)).trim();
    await eventually(
      async () => master("squeue --noheader --format=%T"),
      (said) => said === "RUNNING\n",
    );

    // Nor does Slurm give up the node meanwhile, as after half a minute on a slow machine.
    const patient = { ...sketch, settings: { SlurmdTimeout: "300" } };
    const { changed } = await configure(cluster.view(patient), cluster.remote());
    expect(changed.find(({ id }) => id === "slurm-conf")?.effect).toBe("drain and restart slurmd");
    await bash("cpu-1", "systemctl start ohpc-node-answer.socket ohpc-node.timer");
    await eventually(
      async () =>
        bash("cpu-1", `systemctl start ohpc-node.service && grep -F :${SLURMCTLD_PORT} /etc/default/slurmd || true`),
      (said) => said !== "",
    );
    await asAlice("touch ~/moved");
    await eventually(
      async () => master(`sacct --noheader --parsable2 --allocations --jobs=${job} --format=state,exitcode,restarts`),
      // A database that was just restarted may not have heard of the job yet.
      (said) => said !== "" && !said.startsWith("RUNNING"),
      Duration.seconds(180),
    ).then((said) => {
      expect(said).toBe("COMPLETED|0:0|0\n");
    });
    await idle();
    expect(await bash("master", `cat /home/alice/${job}`)).toBe("done\n");
    await asAlice("srun true");
  }, 400_000);
});

/** Python that tries every port in every way, and prints those that it got. */
const BIND = `
import socket, sys
for port in ${JSON.stringify(PORTS)}:
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.9.9.9"), (socket.AF_INET6, "::"), (socket.AF_INET6, "::1")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(family, kind) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                try:
                    sock.bind((address, port))
                    print(port, address, kind)
                except OSError:
                    pass
`;

/** The same without a pause, until it is told to stop. */
const RACE = `
import os, socket
tries = 0
while not os.path.exists("/tmp/stop"):
    for port in ${JSON.stringify(PORTS)}:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("", port))
                print(port, file=open("/tmp/won", "a"))
            except OSError:
                pass
    tries += 1
    if tries % 100 == 0:
        print(tries, end="", file=open("/tmp/tries", "w"))
`;

/** Python that listens on PORTS, and notes whoever comes, until it is told to stop. */
function listenOn(ports: string): string {
  return `
import os, resource, selectors, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
listeners = selectors.DefaultSelector()
for port in ${ports}:
    try:
        listeners.register(socket.create_server(("", port)), selectors.EVENT_READ)
    except OSError:
        pass # somebody's connection has it just now
while not os.path.exists("/tmp/stop"):
    for key, _ in listeners.select(0.2):
        print(key.fileobj.accept()[1], file=open("/tmp/met", "a"))
`;
}
const LISTEN = listenOn("(6817, 7000, 8888)");
const CROWD = listenOn("range(16817, 16900)");

/** What alice's attempt got. */
async function bound(host: string, by = ""): Promise<readonly string[]> {
  const said = await bash(host, `cd /; runuser -u alice -- ${by} python3 -c "$1" || echo refused`, BIND);
  return said.split("\n").filter((line) => line !== "" && line !== "refused");
}

async function bash(host: string, script: string, ...args: readonly string[]): Promise<string> {
  return cluster.inside(host, "bash", "-c", script, "bash", ...args);
}

async function master(script: string): Promise<string> {
  return cluster.remote().run(script, { timeout: Duration.seconds(60) });
}

async function asAlice(command: string): Promise<string> {
  return cluster
    .remote()
    .run('runuser --login alice --command "$1"', { args: [command], timeout: Duration.seconds(60) });
}

/** Ends what she tries, before she tries the next. */
async function stopAlice(host: string): Promise<void> {
  await bash(host, "touch /tmp/stop");
  await eventually(
    async () => bash(host, "pgrep -u alice -x python3 || true"),
    (pids) => pids === "",
  );
}

async function slurmctldAnswers(): Promise<void> {
  await eventually(
    // It is not told anything new, nor made anew, without its database.
    async () => bash("master", "scontrol ping; sacctmgr --noheader --parsable2 show cluster format=cluster || true"),
    (said) => said.includes("is UP") && said.endsWith(`\n${cluster.name}\n`),
  );
}

/** Waits until the node is, by its own word and by Slurm's. */
async function idle(): Promise<void> {
  const isIdle = ({ slurm, unit }: NodeStatus) => slurm?.state === "idle" && slurm.responds && "ok" in unit && unit.ok;
  await eventually(
    async () => (await clusterStatus(cluster.view(sketch).manifest, cluster.remote())).nodes,
    (nodes) => nodes.every(isIdle),
  );
}
