import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { runChild } from "../exec/child";
import { Failure } from "../feedback/failure";
import { lastLines } from "../feedback/last-lines";

/**
 * Refuses a place where no archive can be, before anybody gathers for one for minutes. What is there already is replaced
 * only if it is such an archive.
 *
 * @throws Failure
 */
export function checkArchivePlace(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
    const there = lstatSync(file, { throwIfNoEntry: false });
    if (there === undefined) return;
    if (!there.isFile()) throw new Error("what is there is no file");
    if (there.size > 0 && !isCompressed(file)) throw new Error("a file is there that is no archive");
  } catch (error) {
    throw notWritten(file, error);
  }
}

/** The first bytes of what gzip makes (RFC 1952). */
const GZIP = Buffer.from([0x1f, 0x8b]);

function isCompressed(file: string): boolean {
  const descriptor = openSync(file, "r");
  try {
    const first = Buffer.alloc(GZIP.length);
    readSync(descriptor, first);
    return first.equals(GZIP);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes files into one compressed tar archive that only its owner can read, below one directory.
 *
 * @param files text by its path in the archive, e.g. `nodes/cpu-1/slurmd.log`
 * @returns its size in bytes
 * @throws Failure if it cannot be written; then nothing is left
 */
export async function writeArchive(file: string, name: string, files: ReadonlyMap<string, string>): Promise<number> {
  checkArchivePlace(file);
  let scratch: string | undefined;
  try {
    // Beside it: whoever chooses another place chooses another disk for all of it.
    scratch = mkdtempSync(join(dirname(file), ".ohpc-logs-"));
    for (const [path, text] of files) {
      const target = join(scratch, name, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    const fresh = join(scratch, "archive");
    writeFileSync(fresh, "", { mode: 0o600 });
    const { exitCode, stderr } = await runChild("tar", ["-czf", fresh, "-C", scratch, name], {
      cwd: scratch,
      env: process.env,
    });
    if (exitCode !== 0) throw new Error(lastLines(stderr, 1)[0] ?? `tar ended with exit code ${exitCode}`);
    renameSync(fresh, file);
    return statSync(file).size;
  } catch (error) {
    throw notWritten(file, error);
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

function notWritten(file: string, error: unknown): Failure {
  return new Failure("failed", `the archive ${file} could not be written`, {
    code: "logs.not-written",
    cause: (error as Error).message,
    remedy: "choose another place with --out",
  });
}
