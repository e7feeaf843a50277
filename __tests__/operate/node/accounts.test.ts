import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Account, type Accounts } from "../../../lib/operate/node/accounts";
import { programText } from "../../../lib/operate/node/bundle-files";

/** The system's own, which is what runs on the machines of a cluster; version managers put slow ones in front of it. */
const PYTHON = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
const [uid, gid] = [process.getuid!(), process.getgid!()];
let scratch = "";
const at = (...parts: string[]) => join(scratch, ...parts);
const read = (...parts: string[]) => readFileSync(at(...parts), "utf8");

const PASSWD =
  "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n# a comment\nslurm:x:401:401::/nonexistent:/usr/sbin/nologin\n+::::::\n";
const GROUP = "daemon:x:1:\nadm:x:4:syslog,somebody\nslurm:x:401:\n";
const SHADOW = "daemon:*:19000:0:99999:7:::\nslurm:!:19000::::::\n";

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "accounts-"));
  for (const folder of ["etc", "home", "keys", "skel"]) mkdirSync(at(folder));
  writeFileSync(at("etc", "passwd"), PASSWD, { mode: 0o644 });
  writeFileSync(at("etc", "group"), GROUP, { mode: 0o644 });
  writeFileSync(at("etc", "shadow"), SHADOW, { mode: 0o640 });
  writeFileSync(at("etc", "gshadow"), "daemon:*::\nadm:*::\n", { mode: 0o640 });
  writeFileSync(at("skel", ".bashrc"), "# shell\n");
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

describe("accounts.py", () => {
  it("adds users and groups behind what is there", () => {
    apply({
      groups: [group("alice", 2001), group("physics", 3000)],
      users: [user("alice", 2001, { groups: ["physics"] })],
    });
    expect(read("etc", "passwd")).toBe(`${PASSWD}alice:x:2001:2001::${at("home")}/alice:/bin/bash\n`);
    expect(read("etc", "group")).toBe(`${GROUP}alice:x:2001:\nphysics:x:3000:alice\n`);
    expect(read("etc", "shadow")).toMatch(
      /^daemon:\*:19000:0:99999:7:::\nslurm:!:19000::::::\nalice:\*:\d+:0:99999:7:::\n$/,
    );
    expect(read("etc", "gshadow")).toBe("daemon:*::\nadm:*::\nalice:!::\nphysics:!::alice\n");
  });

  it("changes what it made, in its place", () => {
    apply({ groups: [group("alice", 2001)], users: [user("alice", 2001), user("bob", 2002)] });
    apply({ groups: [group("alice", 2001)], users: [user("alice", 2001, { shell: "/bin/zsh" }), user("bob", 2002)] });
    expect(read("etc", "passwd").trimEnd().split("\n").slice(-2)).toEqual([
      `alice:x:2001:2001::${at("home")}/alice:/bin/zsh`,
      `bob:x:2002:2002::${at("home")}/bob:/bin/bash`,
    ]);
  });

  it("removes only what it made, and never a home", () => {
    apply({ groups: [group("alice", gid)], users: [user("alice", uid, { gid })] }, "--homes");
    apply({ groups: [], users: [] }, "--homes");
    expect(read("etc", "passwd")).toBe(PASSWD);
    expect(read("etc", "group")).toBe(GROUP);
    expect(read("etc", "shadow")).toBe(SHADOW);
    expect(existsSync(at("home", "alice"))).toBe(true);
  });

  it("leaves files alone that are as they should be", () => {
    const accounts = { groups: [group("alice", 2001)], users: [user("alice", 2001)] };
    apply(accounts);
    const before = statSync(at("etc", "passwd"));
    apply(accounts);
    expect(statSync(at("etc", "passwd")).ino).toBe(before.ino);
    expect(readdirSync(at("etc")).sort()).toEqual([".pwd.lock", "group", "gshadow", "passwd", "shadow"]);
  });

  it("keeps the modes of the files", () => {
    apply({ groups: [], users: [user("alice", 2001)] });
    expect(statSync(at("etc", "passwd")).mode & 0o777).toBe(0o644);
    expect(statSync(at("etc", "shadow")).mode & 0o777).toBe(0o640);
  });

  it("keeps a password that somebody has set", () => {
    apply({ groups: [], users: [user("alice", 2001)] });
    writeFileSync(at("etc", "shadow"), read("etc", "shadow").replace(/^alice:\*/m, "alice:$y$hash"));
    apply({ groups: [], users: [user("alice", 2001, { shell: "/bin/sh" })] });
    expect(read("etc", "shadow")).toMatch(/^alice:\$y\$hash:/m);
  });

  it("keeps the names in the registry, so that a machine made anew gets them and can lose them again", () => {
    apply({ groups: [], users: [user("alice", 2001)] });
    // The machine is new, the disk with the registry is not.
    writeFileSync(at("etc", "passwd"), PASSWD);
    writeFileSync(at("etc", "shadow"), SHADOW);
    apply({ groups: [], users: [user("alice", 2001), user("bob", 2002)] });
    expect(read("etc", "passwd")).toMatch(/^alice:.*\nbob:.*\n$/m);
    apply({ groups: [], users: [user("bob", 2002)] });
    expect(read("etc", "passwd")).not.toContain("alice");
  });

  it("goes on after a death between two files", () => {
    const accounts = { groups: [group("alice", 2001)], users: [user("alice", 2001)] };
    apply(accounts);
    // passwd was written, group and shadow were not.
    writeFileSync(at("etc", "group"), GROUP);
    writeFileSync(at("etc", "shadow"), SHADOW);
    apply(accounts);
    expect(inspect(accounts).users).toEqual([expect.objectContaining({ name: "alice", shadow: true })]);
    expect(read("etc", "group")).toContain("alice:x:2001:");
  });

  it("refuses names and numbers that the machine gave to others, and changes nothing then", () => {
    writeFileSync(at("etc", "passwd"), `${PASSWD}admin:x:1000:1000::/home/admin:/bin/bash\n`);
    const before = read("etc", "passwd");
    expect(refusal({ groups: [], users: [user("admin", 2001)] })).toContain("admin with uid 1000, not 2001");
    expect(refusal({ groups: [], users: [user("alice", 1000)] })).toContain("uid 1000, which alice was given");
    expect(refusal({ groups: [group("adm", 3000)], users: [] })).toContain("adm with gid 4, not 3000");
    expect(refusal({ groups: [], users: [user("alice", 2001, { groups: ["sudo"] })] })).toContain("group sudo");
    expect(read("etc", "passwd")).toBe(before);
  });

  it("waits for the lock of useradd, and gives up with a reason", () => {
    const holder = spawn(PYTHON, [
      "-c",
      `import fcntl, sys
lock = open(${JSON.stringify(at("etc", ".pwd.lock"))}, "a")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()`,
    ]);
    return new Promise<void>((resolve, reject) => {
      holder.stdout.once("data", () => {
        try {
          expect(refusal({ groups: [], users: [user("alice", 2001)] }, "--wait", "0.3")).toMatch(
            /another program has kept .*\.pwd\.lock for 0\.3 s/,
          );
          holder.once("close", () => {
            apply({ groups: [], users: [user("alice", 2001)] }, "--wait", "5");
            resolve();
          });
          holder.stdin.end();
        } catch (error) {
          holder.kill();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  });

  it("makes homes from skel, private, once", () => {
    const accounts = { groups: [], users: [user("alice", uid, { gid })] };
    apply(accounts, "--homes");
    expect(statSync(at("home", "alice")).mode & 0o777).toBe(0o700);
    expect(read("home", "alice", ".bashrc")).toBe("# shell\n");
    writeFileSync(at("home", "alice", ".bashrc"), "# mine\n");
    apply(accounts, "--homes");
    expect(read("home", "alice", ".bashrc")).toBe("# mine\n");
    expect(readdirSync(at("home"))).toEqual(["alice"]);
  });

  it("does not take a home that belongs to somebody else", () => {
    mkdirSync(at("home", "alice"));
    expect(refusal({ groups: [], users: [user("alice", uid + 12345)] }, "--homes")).toContain(`belongs to uid ${uid}`);
  });

  it("writes the keys of its users and nobody else's", () => {
    writeFileSync(at("keys", "root"), "ssh-ed25519 ROOT\n");
    apply(
      { groups: [], users: [user("alice", 2001, { keys: ["ssh-ed25519 A", "ssh-ed25519 B"] }), user("bob", 2002)] },
      ...KEYS(),
    );
    expect(read("keys", "alice")).toBe("ssh-ed25519 A\nssh-ed25519 B\n");
    expect(readdirSync(at("keys")).sort()).toEqual(["alice", "root"]);
    apply({ groups: [], users: [user("alice", 2001)] }, ...KEYS());
    expect(readdirSync(at("keys"))).toEqual(["root"]);
    expect(read("keys", "root")).toBe("ssh-ed25519 ROOT\n");
  });

  it.each([
    [
      "nobody but root may read it",
      () => {
        chmodSync(at("keys", "alice"), 0o600);
      },
    ],
    [
      "others may write it",
      () => {
        chmodSync(at("keys", "alice"), 0o666);
      },
    ],
    [
      "it is a link",
      () => {
        renameSync(at("keys", "alice"), at("elsewhere"));
        symlinkSync(at("elsewhere"), at("keys", "alice"));
      },
    ],
    [
      "it is a folder",
      () => {
        rmSync(at("keys", "alice"));
        mkdirSync(at("keys", "alice"));
      },
    ],
    [
      "nobody may look where it is",
      () => {
        chmodSync(at("keys"), 0o700);
      },
    ],
  ])("sees that sshd takes no key from a file of keys, as %s, and makes it anew", (_, damage) => {
    const wanted = { groups: [], users: [user("alice", 2001, { keys: ["ssh-ed25519 A"] })] };
    apply(wanted, ...KEYS());
    damage();
    expect(inspect(wanted, ...KEYS()).users[0]?.keys).toEqual([]);
    apply(wanted, ...KEYS());
    expect(inspect(wanted, ...KEYS()).users[0]?.keys).toEqual(["ssh-ed25519 A"]);
    expect(statSync(at("keys", "alice")).mode & 0o777).toBe(0o644);
  });

  it.each(["", "{", "[]", "null"])("names a registry that is damaged (%j), and changes nothing", (text) => {
    apply({ groups: [], users: [user("alice", 2001)] });
    const before = read("etc", "passwd");
    writeFileSync(at("registry.json"), text);
    for (const what of ["apply", "inspect", "leaving"] as const) {
      const { status, stderr } = run(what, { groups: [], users: [] }, []);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/^\S+registry.json is damaged: .*\n$/) as string]);
    }
    expect(read("etc", "passwd")).toBe(before);
  });

  it("tells what of it is there, and what is left of earlier", () => {
    const alice = user("alice", 2001, { groups: ["physics"], keys: ["ssh-ed25519 A"] });
    const groups = [group("alice", 2001), group("physics", 3000)];
    apply({ groups, users: [alice, user("bob", 2002)] }, ...KEYS());
    const seen = inspect({ groups, users: [alice] }, ...KEYS());
    expect(seen.groups).toEqual(groups);
    expect(seen.users).toEqual([
      { ...alice, shadow: true },
      { ...user("bob", 2002), keys: [], shadow: true },
    ]);
  });

  it("tells on a machine where nothing is set up that nothing is there", () => {
    expect(inspect({ groups: [], users: [user("alice", 2001)] }, "--homes", ...KEYS())).toEqual({
      groups: [],
      users: [],
    });
  });

  describe("with --keep all", () => {
    // Whoever is removed loses all processes on this machine: nobody here has these numbers.
    const [ALICE, BOB] = [57_000 + (process.pid % 900), 58_000 + (process.pid % 900)];
    const KEEP = () => [...KEYS(), "--keep", "all"];
    const groups = [group("alice", ALICE), group("bob", BOB)];
    const withoutBob: { groups: Accounts["groups"]; users: Account[] } = { groups: [group("alice", ALICE)], users: [] };
    const both = () => ({ groups, users: [user("alice", ALICE), user("bob", BOB, { keys: ["ssh-ed25519 B"] })] });
    beforeEach(() => {
      withoutBob.users = [user("alice", ALICE)];
      apply(both(), ...KEEP());
    });

    it("lets nobody log in any more who is leaving, while the name still stands for the number", () => {
      apply(withoutBob, ...KEEP());
      expect(read("etc", "passwd")).toContain(`bob:x:${BOB}:${BOB}::${at("home")}/bob:/usr/sbin/nologin\n`);
      expect(read("etc", "shadow")).toMatch(/^bob:!\*:\d+:0:99999:7::1:$/m);
      expect(read("etc", "group")).toContain(`bob:x:${BOB}:\n`);
      expect(readdirSync(at("keys"))).toEqual([]);
      expect(run("leaving", withoutBob, []).stdout).toBe(`bob ${BOB}\n`);
      expect(inspect(withoutBob, ...KEEP())).toMatchObject({ users: [{ name: "alice" }], groups: [{ name: "alice" }] });
    });

    it("takes away the password of whoever is leaving", () => {
      writeFileSync(at("etc", "shadow"), read("etc", "shadow").replace(/^bob:\*/m, "bob:$y$hash"));
      expect(inspect(withoutBob, ...KEEP()).users).toHaveLength(2);
      apply(withoutBob, ...KEEP());
      expect(read("etc", "shadow")).not.toContain("$y$hash");
    });

    it("removes them when it is told to, and nobody else", () => {
      apply(withoutBob, ...KEEP());
      expect(run("remove", withoutBob, ["alice", "bob", "daemon"]).status).toBe(0);
      expect(read("etc", "passwd")).toBe(`${PASSWD}alice:x:${ALICE}:${ALICE}::${at("home")}/alice:/bin/bash\n`);
      expect(read("etc", "group")).toBe(`${GROUP}alice:x:${ALICE}:\n`);
      expect(run("leaving", withoutBob, []).stdout).toBe("");
    });

    it("lets in again whoever comes back meanwhile", () => {
      apply(withoutBob, ...KEEP());
      apply(both(), ...KEEP());
      expect(read("etc", "passwd")).toContain(`bob:x:${BOB}:${BOB}::${at("home")}/bob:/bin/bash\n`);
      expect(read("etc", "shadow")).toMatch(/^bob:\*:\d+:0:99999:7:::$/m);
      expect(read("keys", "bob")).toBe("ssh-ed25519 B\n");
      expect(run("leaving", withoutBob, []).stdout).toBe("");
    });

    it("remembers the numbers of those whom a machine made anew never knew, and old numbers of others", () => {
      writeFileSync(at("etc", "passwd"), PASSWD);
      apply({ groups: [], users: [user("alice", ALICE + 4)] }, ...KEEP());
      expect(run("leaving", withoutBob, []).stdout).toBe(`alice ${ALICE}\nbob ${BOB}\n`);
      expect(run("remove", withoutBob, ["alice", "bob"]).status).toBe(0);
      expect(read("etc", "passwd")).toContain(`alice:x:${ALICE + 4}:`);
    });

    it("ends the processes of those who are removed, also those that begin meanwhile", () => {
      // Only root may start some for others.
      if (uid !== 0) return;
      const number = 59_000 + (process.pid % 900);
      apply({ groups: [], users: [user("bob", number)] }, ...KEEP());
      const script = "import subprocess, time\nwhile True: subprocess.Popen(['sleep', '300']); time.sleep(0.02)";
      const forker = spawn(PYTHON, ["-c", script], { uid: number, gid: number, stdio: "ignore" });
      apply({ groups: [], users: [] }, ...KEEP());
      expect(run("remove", withoutBob, ["bob"]).status).toBe(0);
      const { stdout } = spawnSync("ps", ["-o", "stat=", "-U", String(number)], { encoding: "utf8" });
      // Of some the parent may not have heard yet.
      expect(stdout.split("\n").filter((state) => /^[^Z]/.test(state))).toEqual([]);
      forker.kill("SIGKILL");
    });
  });

  describe("with --keep busy", () => {
    it.each([
      ["is called like Slurm's own", "bash", ["-c", 'ln -sf "$(command -v sleep)" slurmstepd && ./slurmstepd 300']],
      [
        "has lost its first thread, which makes it look dead",
        PYTHON,
        [
          "-c",
          `import ctypes, os, threading, time
threading.Thread(target=time.sleep, args=(300,)).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)`,
        ],
      ],
    ])("keeps nobody whose process %s", async (_, command, args) => {
      // Only root may start some for others.
      if (uid !== 0) return;
      const number = 58_000 + (process.pid % 900);
      apply({ groups: [], users: [user("bob", number)] }, "--keep", "busy");
      for (const folder of ["", "home"]) chmodSync(at(folder), 0o777);
      const bobs = spawn(command, args, { uid: number, gid: number, stdio: "ignore", cwd: at("home") });
      const running = () => spawnSync("ps", ["-L", "-o", "stat=", "-U", String(number)], { encoding: "utf8" }).stdout;
      const deadline = Date.now() + 120_000;
      while (!/^S/m.test(running()) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
      apply({ groups: [], users: [] }, "--keep", "busy");
      expect(running()).not.toMatch(/^[^Z]/m);
      expect(read("etc", "passwd")).toBe(PASSWD);
      bobs.kill("SIGKILL");
    });
  });

  it("has lines end where libc ends them", () => {
    const odd = "carol:x:900:900:room\u2028two\u0085,\f,:/home/carol:/bin/bash\r";
    writeFileSync(at("etc", "passwd"), `${PASSWD}${odd}\n`);
    const accounts = { groups: [], users: [user("alice", 2001, { keys: ["ssh-ed25519 A alice\u2028laptop"] })] };
    apply(accounts, ...KEYS());
    expect(read("etc", "passwd").split("\n")).toContain(odd);
    expect(inspect(accounts, ...KEYS()).users).toMatchObject([{ keys: ["ssh-ed25519 A alice\u2028laptop"] }]);
  });

  it("does not touch a file before it knows that all homes are their users'", () => {
    apply({ groups: [], users: [user("alice", uid, { gid })] }, "--homes");
    const before = read("etc", "passwd");
    expect(refusal({ groups: [], users: [user("alice", uid + 12345)] }, "--homes")).toContain("chown -R");
    expect(read("etc", "passwd")).toBe(before);
  });

  it("keeps every line of others, whatever accounts come and go", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(names, { minLength: 1, maxLength: 3 }), (generations) => {
        for (const generation of generations) {
          const users = generation
            .filter((name) => !["daemon", "slurm"].includes(name))
            .map((name) => user(name, 5000 + number(name)));
          apply({ groups: [], users });
          const lines = read("etc", "passwd").split("\n");
          for (const line of PASSWD.split("\n")) expect(lines).toContain(line);
          const added = lines.filter((line) => !PASSWD.split("\n").includes(line)).map((line) => line.split(":")[0]);
          expect(added.sort()).toEqual(users.map(({ name }) => name).sort());
        }
      }),
      { numRuns: 8 },
    );
  });
});

const KEYS = () => ["--keys", at("keys")];

function user(name: string, id: number, more: Partial<Account> = {}): Account {
  return { name, uid: id, gid: id, groups: [], shell: "/bin/bash", home: at("home", name), ...more };
}

function group(name: string, id: number): Accounts["groups"][number] {
  return { name, gid: id };
}

/** A number that only this name has. */
function number(name: string): number {
  return name.split("").reduce((sum, letter) => sum * 37 + Number.parseInt(letter, 36) + 1, 0);
}

function run(what: "apply" | "inspect" | "leaving" | "remove", accounts: Accounts, more: readonly string[]) {
  const program = at("accounts.py");
  writeFileSync(program, programText("accounts.py"));
  chmodSync(program, 0o755);
  const args = [program, what, "--registry", at("registry.json"), "--etc", at("etc"), "--skel", at("skel"), ...more];
  return spawnSync(PYTHON, args, { input: JSON.stringify(accounts), encoding: "utf8" });
}

function apply(accounts: Accounts, ...more: string[]): void {
  const { status, stderr } = run("apply", accounts, more);
  expect(stderr).toBe("");
  expect(status).toBe(0);
}

function refusal(accounts: Accounts, ...more: string[]): string {
  const { status, stderr } = run("apply", accounts, more);
  expect(status).toBe(1);
  expect(stderr).not.toContain("Traceback");
  return stderr.trim();
}

function inspect(accounts: Accounts, ...more: string[]): Accounts {
  const { stderr, stdout } = run("inspect", accounts, more);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Accounts;
}
