import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  engineCommand,
  EngineError,
  engineName,
  runEngineScript,
  type EngineOptions,
} from "../../lib/clouds/local/engine";
import { script } from "../../lib/clouds/local/script";
import { assignments } from "../../lib/clouds/local/shell";

/** A search path with nothing on it but a shell, and engines that answer `info` as real ones do in some situation. */
const scratch = mkdtempSync(join(tmpdir(), "engines-"));
let situations = 0;

afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const WORKS = "exit 0";
/** Their own words: docker 28, podman 4.3. */
const NO_DAEMON =
  "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2; exit 1";
const NO_PERMISSION =
  "echo 'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock' >&2; exit 1";
const NO_USERNS =
  "echo 'Error: cannot set up namespace using newuidmap: exit status 1: Operation not permitted' >&2; exit 125";
const BROKEN = "echo 'Error: database is locked' >&2; exit 125";

describe("the engine that is taken", () => {
  it.each<[string, Situation, string]>([
    ["podman where both work", { podman: WORKS, docker: WORKS }, "podman"],
    ["docker where podman is missing", { docker: WORKS }, "docker"],
    ["docker where podman does not work", { podman: BROKEN, docker: WORKS }, "docker"],
    ["podman where docker may not be used", { podman: WORKS, docker: NO_PERMISSION }, "podman"],
    ["the one that the cloud was given", { podman: WORKS, docker: WORKS, choice: "docker" }, "docker"],
    [
      "the one in OHPC_ENGINE before that",
      { podman: WORKS, docker: WORKS, choice: "docker", variable: "podman" },
      "podman",
    ],
    [
      "the one that the cluster was made with before all",
      { podman: WORKS, docker: WORKS, recorded: "docker", variable: "podman" },
      "docker",
    ],
  ])("is %s", async (_, situation, name) => {
    await expect(engineName(arrange(situation))).resolves.toBe(name);
  });

  it("is named when it is another one than was asked for", async () => {
    const lines: string[] = [];
    const options = arrange({ podman: WORKS, docker: WORKS, recorded: "podman", variable: "docker" });
    await runEngineScript("true", [], { ...options, onLine: (line) => lines.push(line) });
    expect(lines).toEqual([
      "demo was made with podman and stays there; OHPC_ENGINE (docker) holds when it is made the next time.",
    ]);
  });

  it.each<[string, Situation, EngineError["kind"], RegExp]>([
    [
      "there is none",
      {},
      "none",
      /^No container engine: neither podman nor docker is installed\.\nInstall one, e\.g\.: sudo apt-get install podman$/,
    ],
    [
      "docker's daemon is away",
      { docker: NO_DAEMON },
      "none",
      /^docker is installed, but its daemon does not answer: Cannot connect .*\nStart it \(sudo systemctl start docker\), or install podman\.$/,
    ],
    [
      "docker may not be used",
      { docker: NO_PERMISSION },
      "permission",
      /^you have no permission to use docker: permission denied .*\nJoin its group \(sudo usermod -aG docker \S+\) and log in again/,
    ],
    [
      "podman may not be used",
      { podman: NO_USERNS },
      "permission",
      /^you have no permission to use podman: .*\nRun this as root, or set up rootless podman/,
    ],
    [
      "podman may not be used and docker is away",
      { podman: NO_USERNS, docker: NO_DAEMON },
      "permission",
      /^you have no permission to use podman/,
    ],
    [
      "both are broken",
      { podman: BROKEN, docker: NO_DAEMON },
      "none",
      /^No container engine works here\.\npodman: Error: database is locked\ndocker: Cannot connect/,
    ],
    [
      "podman alone is broken",
      { podman: BROKEN },
      "none",
      /^podman is installed, but does not work: Error: database is locked\n"podman info" must succeed first\.$/,
    ],
    [
      "the chosen one is missing",
      { podman: WORKS, variable: "docker" },
      "none",
      /^OHPC_ENGINE asks for docker: docker is not installed\./,
    ],
    [
      "the choice is none of ours",
      { podman: WORKS, variable: "lxc" },
      "none",
      /^OHPC_ENGINE is "lxc", but must be podman or docker\.$/,
    ],
    [
      "the cluster's own is gone",
      { docker: WORKS, recorded: "podman" },
      "none",
      /\/demo\/engine asks for podman: podman is not installed\./,
    ],
  ])("is missed with a remedy when %s", async (_, situation, kind, message) => {
    const failure: unknown = await engineName(arrange(situation)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineError);
    expect((failure as EngineError).message).toMatch(message);
    expect((failure as EngineError).kind).toBe(kind);
  });
});

describe("an engine that does not answer", () => {
  const HANGS = 'echo $$ >"${0%/*}/$1.pid"; sleep 100';
  const DEAF = `trap "" TERM; ${HANGS}; sleep 100`;

  /** An engine that behaves so at some commands, and answers all others at once; and whether it still runs one. */
  function engineWith(commands: string, behaviour: string, recorded: Pick<Situation, "recorded">) {
    const options = arrange({ podman: `case $1 in ${commands}) ${behaviour} ;; esac`, ...recorded });
    const folder = String(options.env?.["PATH"]);
    const running = (command: string) => {
      // One that was ended at once has not said its number. One that has ended and was not waited for is a zombie.
      const pid = textOf(join(folder, `${command}.pid`)).trim();
      return pid !== "" && /\) [^ZX] /.test(textOf(`/proc/${pid}/stat`));
    };
    return { options: { ...options, env: { ...options.env, OHPC_ENGINE_SECONDS: "1" } }, running };
  }

  it.each<[string, string, string, Pick<Situation, "recorded">]>([
    ["when it is looked for", "container", "true", {}],
    ["to a question", "ps", "engine ps -aq", { recorded: "podman" }],
    ["while it makes a machine", "run | ps", "engine run -d image", { recorded: "podman" }],
    ["while it removes one", "rm | ps", "engine rm -f machine >/dev/null", { recorded: "podman" }],
  ])("%s is ended and named", async (_, commands, script, recorded) => {
    const { options, running } = engineWith(commands, HANGS, recorded);
    const [command = ""] = commands.split(" ");
    const failure: unknown = await runEngineScript(script, [], options).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: "silent",
      message: expect.stringMatching(
        new RegExp(
          `^The container engine does not answer: "podman ${command}.*" took more than 1 seconds and was ended`,
        ),
      ) as string,
    });
    await until(() => !running(command));
  });

  it("is another matter than one that takes its time, and answers questions meanwhile", async () => {
    const { options } = engineWith("run", "sleep 9; echo made", { recorded: "podman" });
    // On a busy machine, a question takes more than a second.
    const env = { ...options.env, OHPC_ENGINE_SECONDS: "4" };
    expect(await runEngineScript("engine run -d image", [], { ...options, env })).toBe("made\n");
  });

  it("is another matter than one that cannot list containers because one goes meanwhile", async () => {
    const podman = "case $1 in run) sleep 3; echo made ;; ps) echo 'Error: no such container' >&2; exit 125 ;; esac";
    const options = arrange({ podman, recorded: "podman" });
    const env = { ...options.env, OHPC_ENGINE_SECONDS: "1" };
    expect(await runEngineScript("engine run -d image", [], { ...options, env })).toBe("made\n");
  });

  it("does not outlive who asked it", async () => {
    const { options, running } = engineWith("run", DEAF, { recorded: "podman" });
    const { file, args } = engineCommand(["run", "-d", "image"], options);
    const child = spawn(file, args, { env: { ...options.env, OHPC_ENGINE_SECONDS: "100" }, stdio: "ignore" });
    await until(() => running("run"));
    child.kill("SIGKILL");
    await until(() => !running("run"));
  });
});

describe("an engine that fails to list volumes because another one goes meanwhile", () => {
  const FAILS_TWICE = `
echo . >>"\${0%/*}/asked"
mapfile -t asked <"\${0%/*}/asked"
[ "\${#asked[@]}" -gt 2 ] || { echo "Error: no volume with name other found in database" >&2; exit 125; }
echo mine`;

  it("is asked again, by scripts that run now and by those in the state", async () => {
    const now = arrange({ podman: FAILS_TWICE, recorded: "podman" });
    expect(await runEngineScript("engine volume ls -q", [], now)).toBe("mine\n");
    const { env } = arrange({ podman: FAILS_TWICE, recorded: "podman" });
    const kept = script("volume-down", { cluster: "demo", site: "local" }, { volume: "none", owner: "" });
    const { status, stderr } = spawnSync("bash", ["-c", kept], {
      encoding: "utf8",
      ...(env === undefined ? {} : { env }),
    });
    // It goes on to what it lists, which is another state's.
    expect([status, stderr]).toEqual([1, expect.stringContaining("belongs to another Terraform state")]);
  });
});

/** Of a file that may be gone. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 240_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not come true");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("the engine's command line", () => {
  const tell = 'case $1 in info) ;; *) printf "%s\\n" "$@" ;; esac';

  it("is docker's own, with no limit on processes for what it makes", () => {
    expect(run({ docker: tell }, ["ps", "-a"])).toEqual(["ps", "-a"]);
    expect(run({ docker: tell }, ["run", "-d", "image"])).toEqual(["run", "--pids-limit=-1", "-d", "image"]);
    expect(run({ docker: tell }, ["build", "."])).toEqual(["build", "."]);
  });

  it("gives podman limits that this host allows, for what it makes and builds", () => {
    const hard = (flag: string) =>
      Number(execFileSync("bash", ["-c", `ulimit -H${flag}`], { encoding: "utf8" }).replace("unlimited", "Infinity"));
    for (const verb of ["run", "create", "build"]) {
      const given = run({ podman: tell }, [verb, "x"]).join(" ");
      const [, files, processes] = /--ulimit nofile=(\d+):\1 --ulimit nproc=(\d+):\2/.exec(given) ?? [];
      expect(Number(files)).toBeLessThanOrEqual(hard("n"));
      expect(Number(processes)).toBeLessThanOrEqual(hard("u"));
    }
    expect(run({ podman: tell }, ["ps"]).join(" ")).not.toContain("ulimit");
  });

  it("hands arguments on as they are", () => {
    const args = ["exec", "a b", "$HOME", "`id`", "it's", "", "*", "${x}"];
    expect(run({ docker: tell }, args)).toEqual(args);
  });
});

it("shell variables have exactly the value that they were given", () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
  // Many in one script: what costs is bash.
  const variables = fc.array(fc.tuple(text, fc.array(text, { maxLength: 4 })), { minLength: 25, maxLength: 25 });
  fc.assert(
    fc.property(variables, (all) => {
      const print = `printf '%s\\0' "$one" \${list[@]+"\${list[@]}"}`;
      const script = all.map(([one, list]) => `${assignments({ one, list })}${print}\n`).join("");
      const printed = execFileSync("bash", ["-c", script], { encoding: "utf8" });
      expect(printed).toBe(all.flatMap(([one, list]) => [one, ...list, ""].join("\0")).join(""));
    }),
    { numRuns: 4 },
  );
});

interface Situation {
  readonly podman?: string;
  readonly docker?: string;
  readonly choice?: "podman" | "docker";
  readonly variable?: string;
  readonly recorded?: string;
}

function arrange({ podman, docker, choice, variable, recorded }: Situation): EngineOptions {
  const directory = join(scratch, String(situations++));
  const [path, state] = [join(directory, "bin"), join(directory, "state")];
  mkdirSync(path, { recursive: true });
  mkdirSync(join(state, "ohpc/demo"), { recursive: true });
  for (const tool of ["bash", "id", "cat", "sleep", "timeout", "setpriv"])
    symlinkSync(execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(path, tool));
  for (const [name, text] of Object.entries({ podman, docker })) {
    if (text === undefined) continue;
    writeFileSync(
      join(path, name),
      `#!/bin/bash\n[ "$1" != --cgroup-manager ] || shift 2\n[ "$1" != --runtime ] || shift 2\n${text}\n`,
    );
    chmodSync(join(path, name), 0o755);
  }
  if (recorded !== undefined) writeFileSync(join(state, "ohpc/demo/engine"), `${recorded}\n`);
  const env = { PATH: path, XDG_STATE_HOME: state, ...(variable === undefined ? {} : { OHPC_ENGINE: variable }) };
  return { cluster: "demo", env, ...(choice === undefined ? {} : { engine: choice }) };
}

function run(situation: Situation, args: readonly string[]): string[] {
  const { env, ...wanted } = arrange(situation);
  const command = engineCommand(args, wanted);
  const { stdout } = spawnSync(command.file, command.args, { encoding: "utf8", ...(env === undefined ? {} : { env }) });
  return stdout.split("\n").slice(0, -1);
}
