import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { envelope, remoteCommand } from "../../../lib/operate/exec/remote/envelope";
import { type RemoteError } from "../../../lib/operate/exec/remote/remote";
import { controlPath, sshArguments, type SshTarget, shellWord } from "../../../lib/operate/exec/remote/ssh-command";
import { connectionFailure } from "../../../lib/operate/exec/remote/ssh-failure";
import { SshRemote } from "../../../lib/operate/exec/remote/ssh-remote";
import { Duration, Size } from "../../../lib/units";

const scratch = mkdtempSync(join(tmpdir(), "remote-"));
const path = process.env["PATH"] ?? "";

/** Does what OpenSSH does with a command line: joins the words and has a shell parse them again. */
const FAKE_SSH = `#!/bin/sh
printf '%s\\n' "$*" >> "${scratch}/calls"
[ "$1" = -O ] && exit 0
while [ "$1" != -- ]; do shift; done
shift 2
exec sh -c "$*"
`;

beforeAll(() => {
  install(FAKE_SSH);
  process.env["PATH"] = `${scratch}:${path}`;
});
afterEach(() => {
  install(FAKE_SSH);
});
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(scratch, { recursive: true });
});

const target: SshTarget = { name: "master", address: "10.1.0.10", port: 22, user: "root", identity: "cluster" };

describe("SshRemote", () => {
  it("hands values to the script as they are, whatever is in them", async () => {
    const remote = connect();
    const nasty = [
      "a b; echo INJECTED",
      "$(id)",
      "`id`",
      "'",
      '"',
      "\\",
      "",
      "-n",
      "*",
      "~",
      "\n",
      "a'\\''b",
      "!x",
      "%h",
      "ü\u{1f600}",
    ];
    expect(await echo(remote, nasty)).toEqual(nasty);
  });

  it("hands any value to the script as it is", async () => {
    const remote = connect();
    const value = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 50, maxLength: 100 }), async (values) => {
        expect(await echo(remote, values)).toEqual(values);
      }),
      { numRuns: 5 },
    );
  });

  it("refuses a value that no shell can hold", async () => {
    await expect(connect().run("true", { args: ["a\0b"] })).rejects.toThrow("NUL");
  });

  it("hands any input to the script, to the byte", async () => {
    const remote = connect();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 2000 }), async (input) => {
        expect(await remote.run("base64 -w0", { input })).toBe(Buffer.from(input).toString("base64"));
      }),
      { numRuns: 8 },
    );
  });

  it("lets a command that reads standard input swallow the input, but never the script", async () => {
    expect(await connect().run("cat >/dev/null; echo one\ncat >/dev/null\necho two", { input: "for cat" })).toBe(
      "one\ntwo\n",
    );
    expect(await connect().run("cat >/dev/null; echo one")).toBe("one\n");
  });

  it("shows neither values nor input to ps", async () => {
    await connect().run("cat >/dev/null", { args: ["value-in-args"], input: "secret-in-input" });
    const calls = readFileSync(join(scratch, "calls"), "utf8");
    expect(calls).toContain("base64 -d");
    expect(calls).not.toMatch(/value-in-args|secret-in-input/);
    expect(calls).not.toContain(Buffer.from("secret-in-input").toString("base64"));
  });

  it("does not listen to the end to a machine that says more than anybody has to", async () => {
    for (const flood of ["yes", "tr '\\0' x </dev/zero", "yes >&2"]) {
      const error = await failure(connect().run(flood, { longest: Size.mebibytes(3) }));
      expect({ kind: error.failure, output: error.output.split("\n").at(-1) }).toEqual({
        kind: "failed",
        output: "stopped: it said more than 3 MiB",
      });
    }
    install("#!/bin/sh\nexec yes\n");
    expect((await failure(connect().run("true"))).output).toContain("stopped: it said more than 64 MiB");
  });

  it("does not mind a script that reads only a part of a long input", async () => {
    const input = "x".repeat(2_000_000);
    expect(await connect().run("head -c 3", { input })).toBe("xxx");
  });

  it("keeps characters whole when they arrive in pieces", async () => {
    const remote = connect();
    expect(await remote.run(String.raw`printf '\303'; sleep 0.2; printf '\274\n'`)).toBe("ü\n");
  });

  it("stops at the first command that fails, in a pipe too, and at unset variables", async () => {
    const remote = connect();
    for (const script of ["false; echo after", "false | cat; echo after", 'echo "$unset"; echo after']) {
      const error = await failure(remote.run(script));
      expect(error.failure).toBe("failed");
      expect(error.output).not.toContain("after");
    }
  });

  it("tells exit code and the last fifty lines of both streams", async () => {
    const error = await failure(connect().run("seq 1 100; echo broken >&2; exit 3"));
    expect(error).toMatchObject({ host: "master", failure: "failed", exitCode: 3 });
    expect(error.output.split("\n")).toHaveLength(50);
    expect(error.output).toMatch(/broken$|^broken/m);
    expect(error.message).not.toContain("__ohpc");
  });

  it("loses no word of standard error to what standard output says, and tells it last", async () => {
    const error = await failure(connect().run("echo cause >&2; seq 1 1000; exit 3"));
    const lines = error.output.split("\n");
    expect([lines.length, lines.at(-2), lines.at(-1)]).toEqual([50, "1000", "cause"]);
    const much = (await failure(connect().run("seq 1 1000; seq 2001 3000 >&2; exit 3"))).output.split("\n");
    expect(much).toEqual([...range(991, 1000), ...range(2961, 3000)]);
  });

  it("keeps no more of a line than people can read", async () => {
    const error = await failure(
      connect().run("head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; echo cause >&2; false"),
    );
    const [long = "", cause] = error.output.split("\n");
    expect([long.length, long.slice(0, 3), cause]).toEqual([2001, "xxx", "cause"]);
  });

  it("does not take a script that ends with 255 for a broken connection", async () => {
    const error = await failure(connect().run("echo once >> " + shellWord(join(scratch, "runs")) + "; exit 255"));
    expect(error.failure).toBe("failed");
    expect(readFileSync(join(scratch, "runs"), "utf8")).toBe("once\n");
  });

  it("stops a script that takes too long, and calls it a timeout", async () => {
    const error = await failure(connect().run("echo begun; sleep 3600", { timeout: Duration.seconds(5) }));
    expect(error).toMatchObject({ failure: "timeout", output: expect.stringContaining("begun") as string });
  });

  it("hands over each line of output as it arrives", async () => {
    const seen: string[] = [];
    const mark = join(scratch, "seen-a");
    // What comes second is printed only when the first was handed over.
    await connect().run('echo a; until [ -e "$1" ]; do sleep 0.02; done; printf b', {
      args: [mark],
      onLine: (line) => {
        seen.push(line);
        writeFileSync(mark, "");
      },
    });
    expect(seen).toEqual(["a", "b"]);
  });

  it("tells a machine that cannot be reached from one that refuses us", async () => {
    install("#!/bin/sh\necho 'ssh: connect to host 10.1.0.10 port 22: Connection refused' >&2; exit 255\n");
    expect((await failure(connect().run("true"))).failure).toBe("unreachable");
    install("#!/bin/sh\necho 'root@10.1.0.10: Permission denied (publickey).' >&2; exit 255\n");
    expect((await failure(connect().run("true"))).failure).toBe("refused");
  });

  it("tries again while there is no connection, but never a script that has begun", async () => {
    const counter = join(scratch, "tries");
    const once = (then: string) =>
      `#!/bin/sh\necho x >> ${counter}\n[ "$(wc -l < ${counter})" -gt 1 ] && { cat >/dev/null; echo up; exit 0; }\n${then}\nexit 255\n`;
    install(once("echo 'ssh: connect to host x port 22: Connection refused' >&2"));
    expect(await connect(Duration.seconds(60)).run("true")).toBe("up\n");

    rmSync(counter);
    install(once("echo __ohpc_started__ >&2; echo 'client_loop: send disconnect: Broken pipe' >&2"));
    expect((await failure(connect(Duration.seconds(60)).run("true"))).failure).toBe("unreachable");
    expect(readFileSync(counter, "utf8")).toBe("x\n");
  });

  it("reads what it wrote, and nothing where nothing is", async () => {
    const remote = connect();
    const file = join(scratch, "a file");
    expect(await remote.read(file)).toBeUndefined();
    await remote.write(file, "one\n\ntwo\nno newline", "0640");
    expect(await remote.read(file)).toBe("one\n\ntwo\nno newline");
    expect(statSync(file).mode & 0o777).toBe(0o640);
    await remote.write(file, "", "0644");
    expect(await remote.read(file)).toBe("");
  });

  it("keeps the old file when only a part of the new one arrives", async () => {
    const file = join(scratch, "kept");
    await connect().write(file, "old", "0644");
    install(FAKE_SSH.replace('exec sh -c "$*"', 'head -c -2 | sh -c "$*"'));
    expect((await failure(connect().write(file, "new content", "0644"))).failure).toBe("failed");
    expect(readFileSync(file, "utf8")).toBe("old");
  });

  it("holds a script until it is let go", async () => {
    const marker = join(scratch, "held");
    const script = 'touch "$1"; echo held; while IFS= read -r _; do :; done; rm "$1"';
    const held = await connect().hold(script, { args: [marker] });
    expect(statSync(marker).isFile()).toBe(true);
    await held.release();
    expect(() => statSync(marker)).toThrow("ENOENT");
  });

  it("lets a script know for how long somebody waits for it", async () => {
    const waits = new AbortController();
    const script = "cat; echo left";
    const options = {
      attended: waits.signal,
      input: "in\n",
      onLine: () => {
        waits.abort();
      },
    };
    expect(await connect().run(script, options)).toBe("in\nleft\n");
  });

  it("tells why a script that was to be held ended at once", async () => {
    const error = await failure(connect().hold("echo taken >&2; exit 75"));
    expect(error).toMatchObject({ failure: "failed", exitCode: 75, output: "taken" });
  });
});

describe("the command line of ssh", () => {
  const files = { privateDirectory: "/home/ada/.local/state/ohpc/demo" };
  const joined = (args: string[]) => args.join(" ");

  it("checks host keys against the cluster's own file, and learns none", () => {
    const args = joined(sshArguments({ target, files }));
    expect(args).toContain("-o StrictHostKeyChecking=yes");
    expect(args).toContain(`-o UserKnownHostsFile="${files.privateDirectory}/known_hosts"`);
    expect(args).toContain("-o GlobalKnownHostsFile=/dev/null");
  });

  it("takes the committed host keys when they are given", () => {
    const args = joined(sshArguments({ target, files: { ...files, knownHosts: "/src/demo.known_hosts" } }));
    expect(args).toContain('-o UserKnownHostsFile="/src/demo.known_hosts"');
    expect(args).not.toContain("/demo/known_hosts");
  });

  it("uses only the cluster's key, or all that the operator has", () => {
    expect(joined(sshArguments({ target, files }))).toMatch(
      /-F none .*IdentityFile="[^"]*\/id_ed25519".*IdentitiesOnly=yes/,
    );
    const agent = joined(sshArguments({ target: { ...target, identity: "agent" }, files }));
    expect(agent).not.toMatch(/-F |Identit/);
  });

  it("reaches a node through the master with the same checks", () => {
    const node = { ...target, name: "cpu-1", address: "10.1.32.1" };
    const args = sshArguments({ target: node, files, via: target });
    const proxy = args.find((arg) => arg.startsWith("ProxyCommand="));
    expect(proxy).toMatch(/^ProxyCommand=ssh -W \[%h\]:%p .*'StrictHostKeyChecking=yes'.* '10\.1\.0\.10'$/);
    expect(args.at(-1)).toBe("10.1.32.1");
  });

  it("doubles percent signs in file names once per parser", () => {
    const args = sshArguments({ target, files: { privateDirectory: "/a%b c" }, via: target });
    expect(args).toContain('IdentityFile="/a%%b c/id_ed25519"');
    expect(args.find((arg) => arg.startsWith("ProxyCommand="))).toContain("'IdentityFile=\"/a%%%%b c/id_ed25519\"'");
  });

  it("keeps the path of the shared connection short enough for a unix socket", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,200}$/), (name) => {
        const path = controlPath(target, { privateDirectory: `/home/${name}` });
        expect(Buffer.byteLength(path) + 17).toBeLessThanOrEqual(107);
      }),
    );
    expect(controlPath(target, files)).toMatch(/\/demo\/cm\/m-/);
  });

  it("shares no connection, neither to a node nor to the master before it, where nobody looks after the socket", () => {
    const node = { ...target, name: "cpu-1", address: "10.1.32.1" };
    const args = joined(sshArguments({ target: node, files, via: target, shares: false }));
    expect(args.match(/ControlPath=[^ ']*/g)).toEqual(["ControlPath=none", "ControlPath=none"]);
    expect(args).not.toMatch(/ControlPersist|ControlMaster=auto/);
  });

  it("forwards no agent unless it is told which, and to the target alone", () => {
    const node = { ...target, name: "cpu-1", address: "10.1.32.1" };
    expect(joined(sshArguments({ target: node, files, via: target }))).not.toMatch(/ForwardAgent=(?!no)/);
    const told = joined(sshArguments({ target: node, files, via: target, forwardedAgent: "/run/a%b/agent" }));
    expect(told.match(/ForwardAgent=\S*/g)?.map((text) => text.replace(/'$/, ""))).toEqual(
      expect.arrayContaining(['ForwardAgent="/run/a%%b/agent"', "ForwardAgent=no"]),
    );
  });

  it("is the same text for the far side's shell, whatever the script", () => {
    expect(remoteCommand("root", Duration.seconds(5))).toMatch(/^timeout --kill-after=5 5 bash -c '[^'\\!]*'$/);
    expect(remoteCommand("admin")).toMatch(/^sudo -n bash -c '/);
  });

  it("puts the script on the first line, and the input behind it", () => {
    const [first = "", ...rest] = envelope("echo hi", ["a'b"], "in\nput").toString().split("\n");
    expect(Buffer.from(first, "base64").toString()).toContain("set -- 'a'\\''b'\necho hi\n");
    expect(rest.join("\n")).toBe("in\nput");
  });
});

describe("what OpenSSH says", () => {
  it.each([
    ["Host key verification failed.", "refused"],
    ["@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "refused"],
    ["root@h: Permission denied (publickey,password).", "refused"],
    ["ssh: connect to host h port 22: No route to host", "unreachable"],
    ["kex_exchange_identification: read: Connection reset by peer", "unreachable"],
    ["ssh: Could not resolve hostname h: Name or service not known", "unreachable"],
    ["Connection timed out during banner exchange", "unreachable"],
  ])("%j means %s", (stderr, failure) => {
    expect(connectionFailure(stderr)).toBe(failure);
  });
});

function connect(patience = Duration.seconds(0)): SshRemote {
  const privateDirectory = join(scratch, "private");
  mkdirSync(privateDirectory, { recursive: true, mode: 0o700 });
  const access = { host: "10.1.0.10", port: 22, user: "root", identity: "cluster" } as const;
  return SshRemote.to({ host: "master", access, privateDirectory, patience });
}

/** Whole numbers as `seq` prints them. */
function range(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, k) => String(first + k));
}

async function echo(remote: SshRemote, values: readonly string[]): Promise<string[]> {
  const printed = await remote.run('for value; do printf "%s\\0" "$value"; done | base64 -w0', { args: values });
  return Buffer.from(printed, "base64").toString().split("\0").slice(0, -1);
}

async function failure(promise: Promise<unknown>): Promise<RemoteError> {
  return promise.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: unknown) => error as RemoteError,
  );
}

function install(text: string): void {
  writeFileSync(join(scratch, "ssh"), text);
  chmodSync(join(scratch, "ssh"), 0o755);
}
