import { randomBytes } from "node:crypto";
import {
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../feedback/failure";
import type { Project } from "../stack/project";
import { sourcesOf } from "../stack/sources";
import type { SynthesizedStack } from "../stack/synthesis";

/** The file that a stack's users are read from, as it is now. */
export interface UsersFile {
  /** As people know it: below the project. */
  readonly name: string;
  /** What is written: where links lead. */
  readonly path: string;
  readonly text: string;
}

/**
 * The users file of a stack.
 *
 * @throws Failure if its users do not come from one file, or that cannot be read
 */
export function usersFileOf(project: Project, stack: SynthesizedStack): UsersFile {
  const names = Object.keys(sourcesOf(stack));
  const [name] = names;
  if (name === undefined || names.length > 1) {
    const where =
      name === undefined ? "are not read from a file" : `are read from ${names.length} files: ${names.join(", ")}`;
    throw new Failure("usage", `the users of the stack ${stack.name} ${where}`, {
      code: "users.no-file",
      cause: "a users file can be edited for you, a program cannot",
      remedy: `change the stack itself, then ohpc up ${stack.name}; or keep the users in one file: Users.fromFile("users.yaml")`,
    });
  }
  try {
    const path = realpathSync(resolve(project.directory, name));
    return { name, path, text: readRegular(path) };
  } catch (error) {
    throw new Failure("usage", `the users file ${name} cannot be read`, {
      code: "users.unreadable",
      cause: (error as Error).message,
      remedy: "put it there again",
    });
  }
}

function readRegular(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${path} is no file`);
    const bytes = readFileSync(file);
    const text = bytes.toString("utf8");
    if (!Buffer.from(text, "utf8").equals(bytes)) throw new Error(`${path} is not UTF-8`);
    return text;
  } finally {
    closeSync(file);
  }
}

/**
 * Writes another text into the file, at once, with the mode and owner that it has.
 *
 * @throws Failure if somebody else has changed it meanwhile, or it cannot be written; then it is as it was
 */
export function replaceUsersFile({ name, path, text }: UsersFile, fresh: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  const refused = (cause: string, remedy: string) =>
    new Failure("failed", `${name} could not be written; it is as it was`, {
      code: "users.not-written",
      cause,
      remedy,
    });
  let file: number | undefined;
  try {
    file = openSync(temporary, "wx", 0o600);
    writeFileSync(file, fresh);
    const before = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { mode, uid, gid } = fstatSync(before);
      const own = fstatSync(file);
      if (own.uid !== uid || own.gid !== gid) chownSync(temporary, uid, gid);
      fchmodSync(file, mode & 0o7777);
    } finally {
      closeSync(before);
    }
    fsyncSync(file);
    if (readRegular(path) !== text) throw refused("somebody else has changed it meanwhile", "run it again");
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error instanceof Failure ? error : refused((error as Error).message, "mend that, then run it again");
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
