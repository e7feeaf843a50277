import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { configure } from "../../../lib/operate/configure/configure";
import type { Failure } from "../../../lib/operate/feedback/failure";
import { lockMaster, lockOwner } from "../../../lib/operate/lock/lock";
import { Duration } from "../../../lib/units";
import type { ClusterSketch } from "../../support/cluster-builder";
import { eventually, HandMadeCluster } from "../../support/hand-made-cluster";
import { PretendedStack } from "../../support/pretended-stack";

/** Who may keep the operator from the cluster, and what a session leaves behind. */
const cluster = new HandMadeCluster("hostilelocks");
const sketch: ClusterSketch = { pools: { cpu: 1 }, users: [{ name: "alice" }] };
let stack: PretendedStack;

beforeAll(async () => {
  await cluster.startSmallest(sketch);
  await eventually(
    async () => master("sinfo --noheader --format=%T || true"),
    (state) => state === "idle\n",
  );
  stack = PretendedStack.of(cluster, sketch);
}, 900_000);
afterAll(async () => {
  stack.remove();
  await cluster.end();
});

describe("alice", () => {
  it.each(["master", "cpu-1"])("cannot open any lock that root takes on %s", async (host) => {
    const open = String.raw`find /run /var/lib/ohpc /srv/ohpc /tmp /var/tmp -name '*lock*' -type f -readable -path '*ohpc*' 2>/dev/null; ls /run/ohpc/locks 2>&1`;
    expect(await as("alice", host, open)).toContain("Permission denied");
    expect(await as("alice", host, `${open} | grep -v 'Permission denied' || true`)).toBe("");
  });

  it("cannot keep the operator out with a lock that an older ohpc has left", async () => {
    await master("mkdir -p /run/ohpc; echo '{}' >/run/ohpc/lock; chmod 644 /run/ohpc/lock");
    await flocked("alice", "master", "/run/ohpc/lock");
    try {
      await (await lockMaster(cluster.name, cluster.remote(), lockOwner("ohpc up demo"))).release();
      expect((await configure(cluster.view(sketch), cluster.remote())).changed).toEqual([]);
    } finally {
      await master("pkill -u alice -x sleep; rm -f /run/ohpc/lock");
    }
  });

  it("cannot hold a node's unit where an older one had its lock", async () => {
    await cluster.inside("cpu-1", "sh", "-c", "touch /run/ohpc/converge.lock; chmod 644 /run/ohpc/converge.lock");
    await flocked("alice", "cpu-1", "/run/ohpc/converge.lock");
    try {
      // Nothing but this run writes it.
      await cluster.inside("cpu-1", "systemctl", "stop", "ohpc-node.timer", "ohpc-node.service");
      await cluster.inside("cpu-1", "sh", "-c", "rm -f /run/ohpc/node.json; systemctl start ohpc-node.service");
      expect(await cluster.inside("cpu-1", "cat", "/run/ohpc/node.json")).toContain('"stage":"ready"');
    } finally {
      await cluster.inside("cpu-1", "sh", "-c", "pkill -u alice -x sleep; rm -f /run/ohpc/converge.lock");
      await cluster.inside("cpu-1", "systemctl", "start", "ohpc-node.timer");
    }
  });

  it("cannot keep the operator out with a file system of hers over her home, into which not even root looks", async () => {
    await as("alice", "master", `setsid --fork python3 -c '${MOUNT}' /home/alice >/tmp/mounted`);
    try {
      await eventually(
        async () => master("stat --file-system --format=%T /home/alice 2>&1; stat /home/alice 2>&1 || true"),
        (said) => said.includes("Permission denied"),
      );
      expect((await configure(cluster.view(sketch), cluster.remote())).changed).toEqual([]);
      const bob = cluster.view({ ...sketch, users: [{ name: "alice" }, { name: "bob" }] });
      await configure(bob, cluster.remote());
      expect(await master("id -un bob; stat -c %U /home/bob")).toBe("bob\nbob\n");
    } finally {
      await master("pkill -u alice -x python3; umount --lazy /home/alice");
      await configure(cluster.view(sketch), cluster.remote());
    }
  });

  it("cannot keep the operator out by log-ins that she begins and leaves open", async () => {
    await as("alice", "master", `rm -f /tmp/tried; setsid --fork python3 -c '${KNOCK}'`);
    try {
      await eventually(
        async () => master("cat /tmp/tried 2>/dev/null || true"),
        (said) => Number(said) >= 1000,
      );
      await cluster.remote().close();
      for (let k = 0; k < 5; k++) {
        expect(await said(cli("ssh", "demo", "--", "uname -n"))).toBe("master\n");
        await cluster.remote().close();
      }
    } finally {
      await cluster.inside("master", "pkill", "-u", "alice", "-x", "python3");
    }
  });

  it("cannot be blamed, nor can a command that has ended, for what root holds by hand", async () => {
    await (await lockMaster(cluster.name, cluster.remote(), lockOwner("ohpc destroy demo"))).release();
    const pid = await flocked("root", "master", "/run/ohpc/locks/command.lock");
    try {
      const error = await failed(lockMaster(cluster.name, cluster.remote(), lockOwner("ohpc up demo")));
      expect(error.kind).toBe("busy");
      expect(error.details.cause).toBe(`process ${pid} of user root has locked it, and has not said why`);
      expect(error.details.remedy).toContain(`kill ${pid}, on master`);
    } finally {
      await master("pkill -x sleep");
    }
  });
});

describe("another operator", () => {
  it("is named as long as they are at work, and no longer", async () => {
    const held = await lockMaster(cluster.name, cluster.remote(), { ...lockOwner("ohpc up demo"), user: "ada" });
    const error = await failed(lockMaster(cluster.name, cluster.remote(), lockOwner("ohpc up demo")));
    expect(error.details.cause).toMatch(/^ada@\S+ runs "ohpc up demo" since 20/);
    await held.release();
    await (await lockMaster(cluster.name, cluster.remote(), lockOwner("ohpc up demo"))).release();
  });

  it("is named at once, however many files alice has open", async () => {
    const held = await lockMaster(cluster.name, cluster.remote(), { ...lockOwner("ohpc up demo"), user: "ada" });
    const quiet = Date.now();
    await failed(lockMaster(cluster.name, cluster.remote(), lockOwner("ohpc up demo")));
    // A slow machine takes longer without her, too.
    const limit = Math.max(20_000, 10 * (Date.now() - quiet));
    await as("alice", "master", `rm -f /tmp/open; setsid --fork python3 -c '${OPEN}'`);
    try {
      await eventually(
        async () => master("cat /tmp/open 2>/dev/null || true"),
        (said) => said.length === 250,
      );
      const begun = Date.now();
      const error = await failed(lockMaster(cluster.name, cluster.remote(), lockOwner("ohpc up demo")));
      expect(error.details.cause).toMatch(/^ada@/);
      expect(Date.now() - begun).toBeLessThan(limit);
    } finally {
      await master("pkill -u alice -x python3");
      await held.release();
    }
  });
});

describe("ohpc ssh", () => {
  it.each([
    ["the master", ["demo"], "master", "SIGTERM"],
    ["a node", ["demo", "cpu-1"], "cpu-1", "SIGHUP"],
    ["the master as a user", ["demo", "--as", "alice"], "master", "SIGINT"],
  ] as const)("that is ended takes along what it has started on %s", async (_, where, host, signal) => {
    const ohpc = cli("ssh", ...where, "--", "(sleep 777 & sleep 778); echo never");
    const running = async () => cluster.inside(host, "sh", "-c", "pgrep -fx 'sleep 77[78]' | wc -l");
    await eventually(running, (count) => count.trim() === "2");
    ohpc.kill(signal);
    const [code] = (await once(ohpc, "close")) as [number | null];
    expect(code).toBe(130);
    await eventually(running, (count) => count.trim() === "0");
  });

  it("forwards the operator's agent to the master and through it to nodes, if it is asked to, and to no user", async () => {
    const agent = execFileSync("ssh-agent", ["-s"], { encoding: "utf8" });
    const value = (name: string) => new RegExp(`${name}=([^;]+);`).exec(agent)?.[1] ?? "";
    const env = { SSH_AUTH_SOCK: value("SSH_AUTH_SOCK") };
    try {
      execFileSync("ssh-add", ["-q", join(cluster.privateDirectory, "id_ed25519")], {
        env: { ...process.env, ...env },
      });
      const keys = "ssh-add -L 2>&1 | cut -d' ' -f1 || true";
      expect(await said(cli("ssh", "demo", "--", keys))).toMatch(/^Could/);
      expect(await said(cliWith(env, "ssh", "demo", "--", keys))).toMatch(/^Could/);
      expect(await said(cliWith(env, "ssh", "-A", "demo", "--", keys))).toBe("ssh-ed25519\n");
      expect(await said(cliWith(env, "ssh", "--forward-agent", "demo", "cpu-1", "--", keys))).toBe("ssh-ed25519\n");
      // From the master on, with the operator's key, which lies on no machine of the cluster.
      const onwards =
        "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR cpu-1 uname -n";
      expect(await said(cliWith(env, "ssh", "-A", "demo", "--", onwards))).toBe("cpu-1\n");
      const reached = "runuser -u alice -- env SSH_AUTH_SOCK=$SSH_AUTH_SOCK ssh-add -L 2>&1; true";
      expect(await said(cliWith(env, "ssh", "-A", "demo", "--", reached))).toMatch(
        /Permission denied|Error connecting/,
      );
    } finally {
      process.kill(Number(value("SSH_AGENT_PID")));
    }
  });
});

/** Python that mounts a file system which never answers (FUSE). */
const MOUNT = `
import os, socket, subprocess, sys, time
mine, other = socket.socketpair()
words = ["fusermount3", "-o", "rw", sys.argv[1]]
subprocess.run(words, env={**os.environ, "_FUSE_COMMFD": str(other.fileno())}, pass_fds=[other.fileno()], check=True)
kept = socket.recv_fds(mine, 1, 1)
time.sleep(600)
`;

/** Python that has 450 connections to the SSH server open, and begins others when they are ended. */
const KNOCK = `
import selectors, socket
kept, tried = selectors.DefaultSelector(), 0
def gone(connection):
    try:
        return connection.recv(4096) == b""
    except OSError:
        return True
while True:
    while len(kept.get_map()) < 450:
        try:
            kept.register(socket.create_connection(("127.0.0.1", 22), 1), selectors.EVENT_READ)
        except OSError:
            pass
        tried += 1
        print(tried, file=open("/tmp/tried", "w"))
    for key, _ in kept.select(0.1):
        if gone(key.fileobj):
            kept.unregister(key.fileobj)
            key.fileobj.close()
`;

/** Python that has millions of files open, in 250 processes. */
const OPEN = `
import os, resource, time
most = min(20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
for k in range(250):
    if os.fork() == 0:
        for n in range(most - 50):
            os.dup(0)
        open("/tmp/open", "a").write(".")
        break
time.sleep(300)
`;

async function as(user: string, host: string, script: string): Promise<string> {
  return cluster.inside(host, "runuser", "-u", user, "--", "bash", "-c", `${script} </dev/null 2>&1 || true`);
}

/** Has a user lock a file for a while. Gives the process that does, once it has: then it starts what it was given. */
async function flocked(user: string, host: string, file: string): Promise<string> {
  await as(user, host, `setsid --fork flock ${file} sleep 600 >/dev/null 2>&1`);
  const holder = `holder=$(pgrep -fo '^flock ${file} ') && pgrep -P "$holder" -x sleep >/dev/null && echo "$holder"`;
  return (
    await eventually(
      async () => as("root", host, holder),
      (said) => said !== "",
    )
  ).trim();
}

async function master(script: string, ...args: string[]): Promise<string> {
  return cluster.remote().run(script, { args, timeout: Duration.seconds(60) });
}

async function failed(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: unknown) => error as Failure,
  );
}

function cli(...args: readonly string[]) {
  return cliWith({}, ...args);
}

function cliWith(env: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const main = join(__dirname, "..", "..", "..", "lib", "cli", "main.ts");
  return spawn(process.execPath, ["-r", require.resolve("tsx/cjs"), main, ...args], {
    cwd: stack.directory,
    env: { ...stack.env, SSH_AUTH_SOCK: "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function said({ stdout }: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of stdout ?? []) text += String(chunk);
  return text;
}
