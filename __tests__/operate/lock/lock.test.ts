import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Held, type HoldingRemote, RemoteError } from "../../../lib/operate/exec/remote/remote";
import type { Failure } from "../../../lib/operate/feedback/failure";
import { lockHere, lockMaster, lockOwner } from "../../../lib/operate/lock/lock";
import { BashRemote } from "../../support/bash-remote";
import { firstOutput } from "../../support/first-output";

const scratch = mkdtempSync(join(tmpdir(), "lock-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

describe("lockHere", () => {
  it("keeps others out until it is released, and tells them who is there", async () => {
    const directory = join(scratch, "one");
    const held = await lockHere("demo", directory, { ...lockOwner("ohpc up demo"), user: "ada", host: "laptop" });
    const error = await failure(lockHere("demo", directory, lockOwner("ohpc destroy demo")));
    expect(error.kind).toBe("busy");
    expect(error.details.cause).toMatch(/^ada@laptop runs "ohpc up demo" since 20.*\(process \d+\)$/);
    await held.release();
    await (await lockHere("demo", directory, lockOwner("ohpc destroy demo"))).release();
  });

  it("keeps clusters apart, and makes the private directory private", async () => {
    const held = await Promise.all(
      ["a", "b"].map(async (name) => lockHere(name, join(scratch, name), lockOwner("ohpc up"))),
    );
    expect(statSync(join(scratch, "a")).mode & 0o777).toBe(0o700);
    await Promise.all(held.map(async (lock) => lock.release()));
  });

  it("is open to nobody else, also where the directory was", async () => {
    const directory = join(scratch, "open");
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    const held = await lockHere("demo", directory, lockOwner("ohpc up demo"));
    const modes = [directory, join(directory, "command.lock")].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600]);
    await held.release();
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot("is not taken in a directory of somebody else's, who could keep us out", async () => {
    const directory = join(scratch, "theirs");
    mkdirSync(directory, { mode: 0o700 });
    chownSync(directory, 65534, 65534);
    const error = await failure(lockHere("demo", directory, lockOwner("ohpc up demo")));
    expect(error).toMatchObject({ kind: "usage", details: { code: "lock.not-yours" } });
    expect(error.details.remedy).toContain(`chown ${userInfo().username} ${directory}`);
  });

  it("tells the process that holds it, and not who held it before", async () => {
    const directory = join(scratch, "stale");
    // It is there for more than the lock, and stays.
    mkdirSync(join(directory, "keys"), { recursive: true });
    await (await lockHere("demo", directory, { ...lockOwner("ohpc up demo"), user: "ada" })).release();
    const file = join(directory, "command.lock");
    const other = spawn("bash", ["-c", 'exec 9<"$1"; flock 9; echo locked; read -r', "other", file]);
    expect(await firstOutput(other)).toBe("locked\n");
    const error = await failure(lockHere("demo", directory, lockOwner("ohpc up demo")));
    expect(error.details.cause).toBe(
      `process ${other.pid} of user ${userInfo().username} has locked it, and has not said why`,
    );
    expect(error.details.remedy).toContain(`kill ${other.pid}`);
    // Whatever is written there, by whomever: it counts only as long as its writer holds the lock.
    writeFileSync(file, `1 ${JSON.stringify(lockOwner("ohpc destroy demo"))}\n`);
    expect((await failure(lockHere("demo", directory, lockOwner("ohpc up demo")))).details.cause).toContain(
      "has locked it",
    );
    other.stdin.end();
    await once(other, "close");
    await (await lockHere("demo", directory, lockOwner("ohpc up demo"))).release();
  });

  it("leaves nothing of a directory that was made for it, and everything of one that was there for more", async () => {
    const [empty, used] = [join(scratch, "empty"), join(scratch, "used")];
    mkdirSync(used);
    writeFileSync(join(used, "id_ed25519"), "key");
    for (const directory of [empty, used])
      await (await lockHere("demo", directory, lockOwner("ohpc up demo"))).release();
    expect(existsSync(empty)).toBe(false);
    const held = await lockHere("demo", empty, lockOwner("ohpc destroy demo"));
    rmSync(empty, { recursive: true });
    await held.release();
    expect(readdirSync(used).sort()).toEqual(["command.lock", "id_ed25519"]);
  });

  it("is free again when the one who had it is killed", async () => {
    const directory = join(scratch, "killed");
    const program = `
      const { lockHere, lockOwner } = require(${JSON.stringify(require.resolve("../../../lib/operate/lock/lock"))});
      lockHere("demo", ${JSON.stringify(directory)}, lockOwner("ohpc up demo")).then(() => console.log("locked"));
      setInterval(() => undefined, 1000);
    `;
    const ohpc = spawn(process.execPath, ["--import", "tsx", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    expect(await firstOutput(ohpc)).toBe("locked\n");
    expect((await failure(lockHere("demo", directory, lockOwner("ohpc up demo")))).kind).toBe("busy");
    ohpc.kill("SIGKILL");
    await once(ohpc, "close");
    await (await freed(async () => lockHere("demo", directory, lockOwner("ohpc up demo")))).release();
  });
});

describe("lockMaster", () => {
  it("tells who has locked the master", async () => {
    const owner = JSON.stringify({ ...lockOwner("ohpc up demo"), user: "bob", host: "desk" });
    const remote: HoldingRemote = Object.assign(new BashRemote(), {
      hold: () => Promise.reject(new RemoteError("master", "failed", 75, owner)),
    });
    const error = await failure(lockMaster("demo", remote, lockOwner("ohpc up demo")));
    expect(error.kind).toBe("busy");
    expect(error.message).toContain("on master");
    expect(error.details.cause).toContain('bob@desk runs "ohpc up demo"');
  });

  it("believes nothing that is not as it should be", async () => {
    const said = async (output: string) => {
      const hold = async () => Promise.reject(new RemoteError("master", "failed", 75, output));
      const remote: HoldingRemote = Object.assign(new BashRemote(), { hold });
      return (await failure(lockMaster("demo", remote, lockOwner("ohpc up demo")))).details.cause;
    };
    const nobody = "somebody has locked it whom this user cannot see, or who has just ended";
    for (const output of ["", "null", "7", "{}", '{"user":{"a":1}}', '{"user":"ada","host":"x","pid":"1"}']) {
      expect(await said(output)).toBe(nobody);
    }
    expect(await said('a warning\n{"process":7,"user":"alice"}')).toBe(
      "process 7 of user alice has locked it, and has not said why",
    );
  });

  it("does not take another failure for a lock", async () => {
    const remote: HoldingRemote = Object.assign(new BashRemote(), {
      hold: () => Promise.reject(new RemoteError("master", "unreachable", 255, "")),
    });
    await expect(lockMaster("demo", remote, lockOwner("ohpc up demo"))).rejects.toBeInstanceOf(RemoteError);
  });
});

async function failure(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: unknown) => error as Failure,
  );
}

/** Whoever holds it is about to end; a lock that is not freed ends with the test. */
async function freed(attempt: () => Promise<Held>): Promise<Held> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if ((error as Failure).kind !== "busy") throw error;
      await sleep(50);
    }
  }
}
