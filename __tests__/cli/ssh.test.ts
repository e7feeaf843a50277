import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LineOptions, remoteLine } from "../../lib/cli/ssh";
import { PretendedStack } from "../support/pretended-stack";

const MAIN = join(__dirname, "..", "..", "lib", "cli", "main.ts");
const TSX = require.resolve("tsx/cjs");

const root: LineOptions = { as: undefined, administrator: "root", terminal: false };
const shell = { ...root, terminal: true };

describe("the line for the far side", () => {
  it("is none for a shell of the administrator's own", () => {
    expect([remoteLine([], root), remoteLine([], shell), remoteLine([], { ...shell, as: "root" })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("is what was typed where a terminal ends it with its connection", () => {
    expect(remoteLine(["squeue | head -5"], shell)).toBe("squeue | head -5");
    expect(remoteLine(["echo", "a b"], shell)).toBe("'echo' 'a b'");
    expect(remoteLine([], { ...shell, as: "alice" })).toBe("runuser -l 'alice'");
    expect(remoteLine(["id"], { ...shell, as: "alice", administrator: "debian" })).toBe(
      "sudo -n runuser -l 'alice' -c 'id'",
    );
  });

  it("has nothing in it that a log-in shell could take for something else", () => {
    expect(remoteLine(["id"], { ...root, as: "alice", administrator: "debian" })).toMatch(
      /^sudo -n bash -c 'eval "\$\(base64 -d <<<\$0\)"' [A-Za-z0-9+/=]+ 'runuser -l '\\''alice'\\'' --session-command='\\''id'\\'''$/,
    );
  });

  it("hands on input, output and exit code as they are", () => {
    const run = (words: readonly string[], input = "") => {
      const { status, stdout, stderr } = spawnSync("sh", ["-c", remoteLine(words, root) ?? ""], {
        input,
        encoding: "utf8",
      });
      return { status, stdout, stderr };
    };
    expect(run(["cat; echo broken >&2; exit 7"], "in\nput")).toEqual({
      status: 7,
      stdout: "in\nput",
      stderr: "broken\n",
    });
    expect(run(["printf", "%s|", "a b", "'", "$HOME", "\\", "!"])).toEqual({
      status: 0,
      stdout: "a b|'|$HOME|\\|!|",
      stderr: "",
    });
    expect(run(["kill -9 $$"]).status).toBe(137);
  });

  it("ends what it runs, with all its children, when nobody reads any more", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "attended-"));
    try {
      const line = remoteLine([`sh -c 'echo $$ >"${scratch}/child"; sleep 900' & echo begun; sleep 901`], root) ?? "";
      const far = spawn("sh", ["-c", line], { stdio: ["pipe", "pipe", "pipe"] });
      await once(far.stdout, "data");
      const ended = once(far, "exit");
      for (const stream of [far.stdin, far.stdout, far.stderr]) stream.destroy();
      await ended;
      const alive = () => spawnSync("sh", ["-c", `kill -0 $(cat "${scratch}/child")`]).status === 0;
      while (alive()) await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

describe("ohpc ssh", () => {
  const stack = new PretendedStack();
  const { SSH_AUTH_SOCK: _, ...env } = stack.env;
  afterAll(() => {
    stack.remove();
  });

  function ohpc(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    return spawn(process.execPath, ["-r", TSX, MAIN, "ssh", "demo", ...args], {
      cwd: stack.directory,
      env: { ...env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  async function ended(
    child: ReturnType<typeof ohpc>,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout, stderr };
  }

  it("forwards no agent unless it is asked to, and then over a connection of its own", async () => {
    stack.program("ssh", 'printf "%s\\n" "$@"');
    const agent = { SSH_AUTH_SOCK: "/run/agent" };
    const plain = await ended(ohpc(["--", "true"], agent));
    expect(plain.stdout).toMatch(/^ForwardAgent=no$/m);
    expect(plain.stdout).toMatch(/^ControlMaster=auto$/m);
    for (const option of ["-A", "--forward-agent"]) {
      const forwarded = await ended(ohpc([option, "--", "true"], agent));
      expect(forwarded.stdout).toMatch(/^ForwardAgent="\/run\/agent"$/m);
      expect(forwarded.stdout).toMatch(/^ControlPath=none$/m);
    }
  });

  it("says so when there is no agent to forward", async () => {
    const { code, stderr } = await ended(ohpc(["-A"]));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("SSH_AUTH_SOCK is not set") as string,
    });
  });

  it("gives the operator's agent to no user of the cluster", async () => {
    const { code, stderr } = await ended(ohpc(["-A", "--as", "alice"], { SSH_AUTH_SOCK: "/run/agent" }));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("could use all of your keys") as string,
    });
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("ends its session on %s, and says that", async (signal) => {
    stack.program("ssh", 'trap "echo ended; exit 0" TERM; echo begun; while :; do sleep 0.1; done');
    const child = ohpc(["--", "true"]);
    const result = ended(child);
    await once(child.stdout, "data");
    child.kill(signal);
    const { code, stdout, stderr } = await result;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "begun\nended\n" });
    expect(stderr).toContain("interrupted: the session is being ended");
    expect(stderr).not.toContain("run the same command again");
  });
});
