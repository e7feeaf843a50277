import type { Stats } from "node:fs";
import { lstat, mkdir, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { shellWord } from "./ssh-command";

/** A place for live SSH connections that others could get at. */
export class OpenSocketDirectoryError extends Error {
  override readonly name = "OpenSocketDirectoryError";

  constructor(
    readonly directory: string,
    /** What is wrong, as the end of a sentence that the path began. */
    readonly reason: string,
    readonly remedy: string,
  ) {
    super(`${directory} ${reason}`);
  }
}

/**
 * Makes the directory of a shared connection's socket, if it is not there. Whoever can open the socket can do on the
 * master what we can; whoever can put one there is told all that we would tell the master. So the directory is ours
 * alone, and nobody else can put another one in its place.
 *
 * @throws OpenSocketDirectoryError
 */
export async function prepareSocketDirectory(socket: string): Promise<void> {
  const directory = dirname(socket);
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new OpenSocketDirectoryError(directory, `cannot be made: ${why}`, removal(directory));
  });
  const reason = notOurs(await lstat(directory)) ?? (await planted(socket));
  if (reason !== undefined) throw new OpenSocketDirectoryError(directory, reason, removal(directory));
  const open = await openParent(directory);
  if (open === undefined) return;
  const { parent, mode } = open;
  throw new OpenSocketDirectoryError(
    directory,
    `lies in ${parent}, where others may write (mode ${mode})`,
    `close that to others (chmod go-w ${shellWord(parent)}), or ${ELSEWHERE}`,
  );
}

function removal(directory: string): string {
  return `find out who made it and why, and remove it (rm -r ${shellWord(directory)}); or ${ELSEWHERE}`;
}

const ELSEWHERE = "keep private files elsewhere, with XDG_STATE_HOME";

function notOurs(seen: Stats): string | undefined {
  if (seen.isSymbolicLink()) return "is a link";
  if (!seen.isDirectory()) return "is no directory";
  if (seen.uid !== process.getuid?.()) return `belongs to user ${seen.uid}`;
  return (seen.mode & 0o077) === 0 ? undefined : `is open to others (mode ${octal(seen.mode)}, and should be 0700)`;
}

async function planted(socket: string): Promise<string | undefined> {
  const seen = await lstat(socket).catch(() => undefined);
  return seen === undefined || seen.uid === process.getuid?.() ? undefined : `has a socket of user ${seen.uid} in it`;
}

/** What it lies in, if somebody else could put another directory in its place there. */
async function openParent(directory: string): Promise<{ readonly parent: string; readonly mode: string } | undefined> {
  for (let parent = dirname(await realpath(directory)); ; parent = dirname(parent)) {
    const { mode, gid } = await stat(parent);
    // The group that a user is alone in is the user, as Debian's OpenSSH sees it.
    const writable = mode & (gid === process.getgid?.() ? 0o002 : 0o022);
    if (writable !== 0 && (mode & STICKY) === 0) return { parent, mode: octal(mode) };
    if (parent === dirname(parent)) return undefined;
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** Where others may write, but not remove or rename what is not theirs. */
const STICKY = 0o1000;
