import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { type Held, type HoldingRemote, RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";

/** Who holds a lock; what others read who want it. */
export interface LockOwner {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** As it was typed: `ohpc up demo`. */
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
}

/** This process, as the owner of a lock. */
export function lockOwner(command: string): LockOwner {
  return { user: userInfo().username, host: hostname(), pid: process.pid, command, since: new Date().toISOString() };
}

/**
 * Locks a cluster on the operator's machine, for a whole command. The kernel frees it when this process ends, however it ends.
 *
 * @throws Failure of kind `busy` telling who has it
 */
export async function lockHere(cluster: string, privateDirectory: string, owner: LockOwner): Promise<Held> {
  const made = mkdirSync(privateDirectory, { recursive: true, mode: 0o700 }) !== undefined;
  // A child that waits for us holds the file, in a group of its own: Ctrl-C must not free it before we have finished.
  const args = [
    "-c",
    `set -euo pipefail\n${LOCK}cat >/dev/null`,
    "lock",
    join(privateDirectory, "lock"),
    JSON.stringify(owner),
  ];
  const child = spawn("bash", args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const locked = new Promise<true>((resolve) => {
    child.stdout.once("data", () => {
      resolve(true);
    });
  });
  const first = await Promise.race([locked, ended]);
  if (first === BUSY) throw busy(cluster, "on this machine", said);
  if (first !== true) {
    throw new Failure("failed", `cannot lock ${cluster} on this machine`, {
      code: "lock.failed",
      remedy: "flock must be installed (Debian: util-linux), and the private directory must be writable",
      output: said.trim().split("\n"),
    });
  }
  return {
    release: async () => {
      // A directory that was made for the lock alone: nothing came of the cluster. While it is locked, nobody else has it.
      if (made && existsSync(privateDirectory) && readdirSync(privateDirectory).join() === "lock") {
        rmSync(privateDirectory, { recursive: true });
      }
      child.stdin.end();
      await ended;
    },
  };
}

/**
 * Locks a cluster on its master, so that two operators cannot meet. An SSH session holds it: it is free when we release
 * it, when this process ends, and a minute after the connection was lost.
 *
 * @throws Failure of kind `busy` telling who has it
 */
export async function lockMaster(cluster: string, master: HoldingRemote, owner: LockOwner): Promise<Held> {
  try {
    return await master.hold(`mkdir -p /run/ohpc\n${LOCK}while IFS= read -r -t 60 _; do :; done\n`, {
      args: ["/run/ohpc/lock", JSON.stringify(owner)],
    });
  } catch (error) {
    if (error instanceof RemoteError && error.exitCode === BUSY) throw busy(cluster, `on ${master.host}`, error.output);
    throw error;
  }
}

/** `$1` the file, `$2` what to write into it. */
const LOCK = `
exec 9>>"$1"
flock --nonblock 9 || { cat "$1" >&2; exit 75; }
printf '%s\\n' "$2" >"$1"
echo locked
`;

/** What LOCK ends with when somebody else has it; EX_TEMPFAIL of sysexits(3). */
const BUSY = 75;

function busy(cluster: string, where: string, said: string): Failure {
  const owner = readOwner(said);
  const cause =
    owner === undefined
      ? "somebody has locked it"
      : `${owner.user}@${owner.host} runs "${owner.command}" since ${owner.since} (process ${owner.pid})`;
  return new Failure("busy", `another ohpc is at work on ${cluster} (locked ${where})`, {
    code: "lock.busy",
    cause,
    remedy: "wait until it is done; it frees the lock when it ends, however it ends",
  });
}

function readOwner(text: string): LockOwner | undefined {
  try {
    return JSON.parse(text) as LockOwner;
  } catch {
    return undefined;
  }
}
