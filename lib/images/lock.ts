import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Does the work while nobody else of this user holds the file. The kernel gives the lock back when this process ends, however it ends.
 *
 * @param onWait told once, when somebody else holds it
 */
export async function whileLocked<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  // The lock lasts for as long as `cat` has an input to read: until we end it, or until we are gone.
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting = setTimeout(onWait, 300);
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once("data", () => {
        resolve();
      });
      holder.once("error", reject);
      holder.once("close", (code) => {
        reject(new Error(`flock ${file} ended with ${code ?? "a signal"} without the lock`));
      });
    });
    clearTimeout(waiting);
    return await work();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
  }
}
