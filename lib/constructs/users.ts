import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type * as UsersModel from "../model/users";
import type { UsersAnswer } from "../model/users";
import { lazy } from "../package/lazy";

/** zod and yaml load for 0.2 s: only who has users needs them. */
const model = lazy(() => require("../model/users") as typeof UsersModel);

/** A person with an account in the cluster. */
export interface UserOptions {
  /** Login name. @onChange removes the old account, adds the new one; files stay with the uid */
  readonly name: string;

  /** The same on every machine and for ever: files belong to it. From 1000 to 60000. @onChange files keep the old number */
  readonly uid: number;

  /**
   * The first group: the gid of one of `groups`, or any number for a group of the user's own name.
   *
   * @default - the uid
   * @onChange files keep the old number
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
   * @onChange live, for jobs that come after
   */
  readonly account?: string;
}

/** A Unix group that several users share. */
export interface GroupOptions {
  /** @onChange removes the old group, adds the new one; files stay with the gid */
  readonly name: string;
  /** The same on every machine and for ever. From 1000 to 60000. @onChange files keep the old number */
  readonly gid: number;
}

/**
 * Who has an account in the cluster. Holds no password: users log in with keys.
 *
 * What is wrong with them is told by the master that they are given to, together with what is wrong with it.
 */
export class Users {
  /**
   * Reads a YAML file: `users:`, and `groups:` that they share, with the properties of `UserOptions` and `GroupOptions`.
   *
   * @param path absolute, or relative to the directory in which the app runs, which is where `cdktf.json` is
   */
  static fromFile(path: string): Users {
    let text: string;
    try {
      text = readFileSync(resolve(path), "utf8");
    } catch (error) {
      const hint = `reading ${resolve(path)} failed with ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
      return new Users({ problems: [{ at: "users", got: path, want: "a YAML file that can be read", hint }] });
    }
    // As seen from where the app runs: the same in every checkout.
    const source = { [relative(process.cwd(), resolve(path))]: createHash("sha256").update(text).digest("hex") };
    return Users.parse(text, path, source);
  }

  static of(users: readonly UserOptions[], groups: readonly GroupOptions[] = []): Users {
    // JSON is YAML.
    return Users.parse(JSON.stringify({ groups, users }), "users");
  }

  private static parse(text: string, file: string, sources?: Users["sources"]): Users {
    return new Users(model().parseUsers(text, file), sources);
  }

  private constructor(
    /** @internal */
    readonly answer: UsersAnswer,
    /** @internal The files that they were read from, as `cluster.sources.json` has them. */
    readonly sources: Readonly<Record<string, string>> = {},
  ) {}
}
