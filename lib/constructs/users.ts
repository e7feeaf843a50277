import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type * as UsersModel from "../model/users";
import type { FileGroup, FileUser, UsersAnswer } from "../model/users";
import { lazy } from "../package/lazy";

/** zod and yaml load for 0.2 s: only who has users needs them. */
const model = lazy(() => require("../model/users") as typeof UsersModel);

/** A person with an account in the cluster. */
export interface UserOptions {
  /** Login name. @onChange live: removes the old account with its jobs, which `ohpc` names and asks about, adds the new one; files stay with the uid */
  readonly name: string;

  /** The same on every machine and for ever: files belong to it. From 1001 to 60000. @onChange live: cancels the user's jobs, which `ohpc` names and asks about; files keep the old number, and the home must have the new one */
  readonly uid: number;

  /**
   * The first group: the gid of one of `groups`, or any number for a group of the user's own name.
   *
   * @default - the uid
   * @onChange live: files keep the old number
   */
  readonly gid?: number;

  /**
   * Further groups, by name, from `groups`.
   *
   * @default - none
   * @onChange live, at the next login
   */
  readonly groups?: readonly string[];

  /**
   * `/bin/bash`, `/bin/sh` or `/bin/zsh`, which every machine has; `/usr/sbin/nologin` lets nobody in.
   *
   * @default "/bin/bash"
   * @onChange live, at the next login
   */
  readonly shell?: string;

  /**
   * OpenSSH public keys that may log in to the master.
   *
   * @default - none: the user cannot log in
   * @onChange live
   */
  readonly keys?: readonly string[];

  /**
   * The Slurm account that jobs are charged to.
   *
   * @default "users"
   * @onChange live, for jobs that come after; the old account is left when the last job in it is over
   */
  readonly account?: string;
}

/** A Unix group that several users share. */
export interface GroupOptions {
  /** @onChange live: removes the old group, about which `ohpc` asks, adds the new one; files stay with the gid */
  readonly name: string;
  /** The same on every machine and for ever. From 1001 to 60000. @onChange live: files keep the old number */
  readonly gid: number;
}

/** The compiler's word that a users file knows the properties of `A`, and no others. */
type SameNames<A, B> = [keyof A, keyof B] extends [keyof B, keyof A] ? A : never;

/** Text of a file that is one: a pipe would never end, a device might not. */
function readFile(path: string): string | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return fstatSync(file).isFile() ? readFileSync(file, "utf8") : undefined;
  } finally {
    closeSync(file);
  }
}

/**
 * Who has an account in the cluster. Holds no password: users log in with keys.
 *
 * What is wrong with them is told by the master that they are given to, together with what is wrong with it.
 */
export class Users {
  /**
   * Reads a YAML file: `users:`, and `groups:` that they share, with the properties of `UserOptions` and `GroupOptions`;
   * and `former:`, a list of name and uid of those whose numbers nobody else gets. `ohpc users` edits it.
   *
   * @param path absolute, or relative to the directory in which the app runs, which is where `cdktf.json` is
   */
  static fromFile(path: string): Users {
    const wrong = (hint: string) =>
      new Users({ problems: [{ at: "users", got: path, want: "a YAML file that can be read", hint }] });
    if (typeof path !== "string") return wrong("give its path");
    const file = resolve(path);
    try {
      const text = readFile(file);
      if (text === undefined) return wrong(`${file} is no file`);
      // As seen from where the app runs: the same in every checkout.
      const source = { [relative(process.cwd(), file)]: createHash("sha256").update(text).digest("hex") };
      return new Users(model().parseUsers(text, path), source);
    } catch (error) {
      return wrong(`reading ${file} failed with ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
    }
  }

  static of(users: readonly UserOptions[], groups: readonly GroupOptions[] = []): Users {
    const people = users satisfies readonly SameNames<UserOptions, FileUser>[];
    const shared = groups satisfies readonly SameNames<GroupOptions, FileGroup>[];
    return new Users(model().judgeUsers({ groups: shared, users: people }, "users"));
  }

  private constructor(
    /** @internal */
    readonly answer: UsersAnswer,
    /** @internal The files that they were read from, as `cluster.sources.json` has them. */
    readonly sources: Readonly<Record<string, string>> = {},
  ) {}
}
