import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { textBeside } from "../../package/text-beside";
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
 * @param directory made if it is not there, and closed to others
 * @throws Failure of kind `busy` telling who has it; one of kind `usage` if the directory is somebody else's
 */
export async function lockHere(cluster: string, directory: string, owner: LockOwner): Promise<Held> {
  const made = closeToOthers(directory);
  // A child that waits for us holds the file, in a group of its own: Ctrl-C must not free it before we have finished.
  const args = [
    "-c",
    `set -euo pipefail\n${takeLock()}cat >/dev/null`,
    "lock",
    join(directory, LOCK_FILE),
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
      if (made && existsSync(directory) && readdirSync(directory).join() === LOCK_FILE) {
        rmSync(directory, { recursive: true });
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
    return await master.hold(`${takeLock()}while IFS= read -r -t 60 _; do :; done\n`, {
      args: [`${LOCKS_DIRECTORY}/${LOCK_FILE}`, JSON.stringify(owner)],
    });
  } catch (error) {
    if (error instanceof RemoteError && error.exitCode === BUSY) throw busy(cluster, `on ${master.host}`, error.output);
    throw error;
  }
}

/** On the master; nodes keep the lock of their unit in it, too. */
const LOCKS_DIRECTORY = "/run/ohpc/locks";

/** Never a name that was once open to others: who had opened that file could hold it for ever. */
export const LOCK_FILE = "command.lock";

/** Arguments: the file, and what others are told who want it. */
const takeLock = (): string => textBeside(__dirname, "take-lock.sh");

/** What it ends with when somebody else has it; EX_TEMPFAIL of sysexits(3). */
const BUSY = 75;

/**
 * @returns whether it had to be made
 * @throws Failure if it is not ours
 */
function closeToOthers(directory: string): boolean {
  const made = mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined;
  const { uid, mode } = statSync(directory);
  if (uid !== process.getuid?.()) {
    throw new Failure("usage", `${directory} belongs to another user of this machine`, {
      code: "lock.not-yours",
      cause: "whoever can open the lock in it can keep you out for ever",
      remedy: `remove it, or give it to you: chown ${userInfo().username} ${directory}`,
    });
  }
  if ((mode & 0o077) !== 0) chmodSync(directory, 0o700);
  return made;
}

function busy(cluster: string, where: string, said: string): Failure {
  const holder = readHolder(said);
  return new Failure("busy", `another ohpc is at work on ${cluster} (locked ${where})`, {
    code: "lock.busy",
    cause: causeOf(holder),
    remedy:
      holder === undefined || "command" in holder
        ? "wait until it is done; it frees the lock when it ends, however it ends"
        : `wait until it has ended, or end it (kill ${holder.process}, ${where})`,
  });
}

/** Somebody who has locked it and did not say why. */
interface Process {
  readonly process: number;
  readonly user: string;
}

function causeOf(holder: LockOwner | Process | undefined): string {
  if (holder === undefined) return "somebody has locked it whom this user cannot see, or who has just ended";
  if ("process" in holder)
    return `process ${holder.process} of user ${holder.user} has locked it, and has not said why`;
  const { user, host, command, since, pid } = holder;
  return `${user}@${host} runs "${command}" since ${since} (process ${pid})`;
}

/** The last line that is one: OpenSSH or bash may have said something before. */
function readHolder(text: string): LockOwner | Process | undefined {
  for (const line of text.trim().split("\n").reverse()) {
    const holder = parsed(line);
    if (holder !== undefined) return holder;
  }
  return undefined;
}

function parsed(line: string): LockOwner | Process | undefined {
  try {
    const value = JSON.parse(line) as Partial<LockOwner & Process>;
    const { user, host, pid, command, since, process: other } = value;
    if (typeof user !== "string") return undefined;
    if (typeof other === "number") return { process: other, user };
    if (typeof host !== "string" || typeof pid !== "number") return undefined;
    return typeof command === "string" && typeof since === "string" ? { user, host, pid, command, since } : undefined;
  } catch {
    return undefined;
  }
}
