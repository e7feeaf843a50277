import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type RemoteError } from "../../lib/operate/exec/remote/remote";
import { SshRemote } from "../../lib/operate/exec/remote/ssh-remote";
import { Duration } from "../../lib/units";
import { firstOutput } from "../support/first-output";
import { Place } from "../support/place";
import { Sshd } from "../support/sshd";

let sshd: Sshd;
let scratch = "";
let privateDirectory = "";
const place = Place.take("sshd");
const [port, nodePort] = [place.port(), place.port()];

beforeAll(async () => {
  sshd = new Sshd([`127.0.0.1:${port}`, `127.0.0.2:${nodePort}`]);
  ({ scratch, privateDirectory } = sshd);
  trust("host_key");
  await sshd.start();
});

afterAll(async () => {
  await sshd.end();
  place.release();
});

describe("SshRemote, with a real sshd", () => {
  it("hands any value and any input to the script as it is", async () => {
    const remote = connect();
    const text = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 8 }), text, async (args, input) => {
        const printed = await remote.run('{ for v; do printf "%s\\0" "$v"; done; cat; } | base64 -w0', { args, input });
        expect(Buffer.from(printed, "base64").toString()).toBe([...args, input].join("\0"));
      }),
      { numRuns: 60 },
    );
    await remote.close();
  });

  it("greets a machine once, and sends every other script over the connection that is there", async () => {
    const remote = connect();
    const connections = new Set<string>();
    for (let k = 0; k < 5; k++) connections.add(await remote.run('echo "$SSH_CONNECTION"'));
    expect(connections.size).toBe(1);
    await remote.close();
    expect(connections).not.toContain(await remote.run('echo "$SSH_CONNECTION"'));
    await remote.close();
  });

  it("carries many scripts at once over one connection", async () => {
    const remote = connect();
    await remote.run("true");
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, k) => remote.run('echo "$1"', { args: [String(k)] })),
    );
    expect(answers).toEqual(Array.from({ length: 12 }, (_, k) => `${k}\n`));
    await remote.close();
  });

  it("refuses a machine with another host key than the pinned one", async () => {
    trust("other_key");
    const error = await failure(connect(Duration.seconds(30)).run("true"));
    expect(error.failure).toBe("refused");
    expect(error.output).toMatch(/host key/i);
    trust("host_key");
  });

  it("refuses a machine that nobody pinned", async () => {
    const knownHosts = join(scratch, "none");
    expect((await failure(connect(Duration.seconds(30), knownHosts).run("true"))).failure).toBe("refused");
  });

  it("takes the committed host keys instead of the private ones", async () => {
    trust("other_key");
    const knownHosts = join(scratch, "committed");
    writeFileSync(knownHosts, `* ${sshd.hostKey()}\n`);
    const remote = connect(Duration.seconds(0), knownHosts);
    expect(await remote.run("echo in")).toBe("in\n");
    await remote.close();
    trust("host_key");
  });

  it("reaches a node through the master", async () => {
    const master = connect();
    const node = SshRemote.through(master, { host: "cpu-1", address: "127.0.0.2", port: nodePort });
    expect(await node.run('echo "$SSH_CONNECTION"')).toMatch(new RegExp(` 127\\.0\\.0\\.2 ${nodePort}\n$`));
    await node.close();
    await master.close();
  });

  it("frees what was held when the operator's ohpc is killed", async () => {
    const marker = join(scratch, "held");
    const script = 'touch "$1"; trap \'rm -f "$1"\' EXIT; echo held; while IFS= read -r -t 30 _; do :; done';
    const access = { host: "127.0.0.1", port, user: "root", identity: "cluster" };
    const program = `
      const { SshRemote } = require(${JSON.stringify(require.resolve("../../lib/operate/exec/remote/ssh-remote"))});
      const remote = SshRemote.to(${JSON.stringify({ host: "master", access, privateDirectory })});
      remote.hold(${JSON.stringify(script)}, { args: [${JSON.stringify(marker)}] }).then(() => console.log("holding"));
    `;
    const ohpc = spawn(process.execPath, ["--import", "tsx", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    expect(await firstOutput(ohpc)).toBe("holding\n");
    expect(existsSync(marker)).toBe(true);
    ohpc.kill("SIGKILL");
    await until(() => !existsSync(marker), Duration.minutes(4));
    const remote = connect();
    await remote.close();
  });

  it("calls a machine that goes away in the middle unreachable, and does not begin again", async () => {
    const runs = join(scratch, "runs");
    const remote = connect(Duration.seconds(30));
    const running = failure(remote.run('echo x >>"$1"; kill -9 $(ps -o ppid= -p "$PPID"); sleep 30', { args: [runs] }));
    expect((await running).failure).toBe("unreachable");
    expect(readFileSync(runs, "utf8")).toBe("x\n");
  });

  it("waits for a machine that is not listening yet", async () => {
    await sshd.stop();
    expect((await failure(connect().run("true"))).failure).toBe("unreachable");
    const remote = connect(Duration.seconds(30));
    const running = remote.run("echo up");
    await sshd.start();
    expect(await running).toBe("up\n");
    await remote.close();
  });
});

function connect(patience = Duration.seconds(0), knownHosts?: string): SshRemote {
  const access = { host: "127.0.0.1", port, user: "root", identity: "cluster" } as const;
  return SshRemote.to({ host: "master", access, privateDirectory, knownHosts, patience });
}

function trust(key: "host_key" | "other_key"): void {
  writeFileSync(join(privateDirectory, "known_hosts"), `* ${sshd.hostKey(key)}\n`);
}

async function until(condition: () => boolean, limit: Duration): Promise<void> {
  const deadline = Date.now() + limit.toMilliseconds();
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not so after ${limit.toString()}: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function failure(promise: Promise<unknown>): Promise<RemoteError> {
  return promise.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: unknown) => error as RemoteError,
  );
}
