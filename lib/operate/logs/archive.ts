import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runChild } from "../exec/child";
import { Failure } from "../feedback/failure";
import { lastLines } from "../feedback/last-lines";

/**
 * Writes files into one compressed tar archive that only its owner can read, below one directory.
 *
 * @param files text by its path in the archive, e.g. `nodes/cpu-1/slurmd.log`
 * @returns its size in bytes
 * @throws Failure if it cannot be written; then nothing is left
 */
export async function writeArchive(file: string, name: string, files: ReadonlyMap<string, string>): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "ohpc-logs-"));
  const fresh = `${file}.new`;
  try {
    for (const [path, text] of files) {
      const target = join(scratch, name, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    writeFileSync(fresh, "", { mode: 0o600 });
    chmodSync(fresh, 0o600);
    const { exitCode, stderr } = await runChild("tar", ["-czf", fresh, "-C", scratch, name], {
      cwd: scratch,
      env: process.env,
    });
    if (exitCode !== 0) throw new Error(lastLines(stderr, 1)[0] ?? `tar ended with exit code ${exitCode}`);
    renameSync(fresh, file);
    return statSync(file).size;
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new Failure("failed", `the archive ${file} could not be written`, {
      code: "logs.not-written",
      cause: (error as Error).message,
      remedy: "choose another place with --out",
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
