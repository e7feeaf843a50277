import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Does the work while nobody else of this user holds the file. The kernel gives the lock back when this process ends, however it ends.
 *
 * @param onWait told once, when somebody else holds it
 */
export async function whileLocked<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const holder = spawn("sh", ["-c", HOLD, "lock", file], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(holder, "close");
  ended.catch(() => undefined);
  try {
    await new Promise<void>((resolve, reject) => {
      let said = "";
      let told = false;
      holder.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (!told && said.startsWith(WAITING)) {
          told = true;
          onWait();
        }
        if (said.endsWith(HELD)) resolve();
      });
      holder.once("error", reject);
      holder.once("close", (code) => {
        reject(new Error(`flock ${file} ended with ${code ?? "a signal"} without the lock`));
      });
    });
    return await work();
  } finally {
    holder.stdin.end();
    // Who asks for it next must not find it held by somebody who is leaving.
    await ended.catch(() => undefined);
  }
}

const WAITING = "waiting\n";
const HELD = "held\n";

/** Whoever can read a file can lock it: it is open to this user alone. The lock lasts for as long as `cat` has an input to read: until we end it, or until we are gone. */
const HOLD = `
umask 077
exec 9>>"$1"
if ! flock --nonblock 9; then
  echo waiting
  flock 9 || exit
fi
echo held
exec cat >/dev/null
`;
