import { isDeepStrictEqual } from "node:util";
import type { UserSpec } from "../../model/cluster-spec";
import { describeProblem, didYouMean, type Problem } from "../../model/problems";
import { describeKey } from "../../model/ssh-key";
import { type FormerUser, LAST_ID, parseUsers, type UsersSpec } from "../../model/users";
import { editUsersFile, type FileEntry, type UsersEdit } from "../../model/users-file";
import { Failure } from "../feedback/failure";
import type { UsersFile } from "./file";

/** Somebody who is to have an account. */
export interface NewUser extends Omit<FileEntry, "uid"> {
  /** @default - the one that the user had, else the next that nobody ever had */
  readonly uid?: number;
}

/** What becomes of the homes of users who go. */
export type HomeFate = "keep" | "archive" | "delete";

/** What somebody wants of the users of a stack. */
export type UsersChange =
  | { readonly kind: "add"; readonly users: readonly NewUser[] }
  | { readonly kind: "remove"; readonly names: readonly string[]; readonly homes: HomeFate }
  | {
      readonly kind: "keys";
      readonly name: string;
      readonly add: readonly string[];
      /** Comments or fingerprints. */
      readonly remove: readonly string[];
      /** All that the user is to have; absent: those that there are. */
      readonly set?: readonly string[];
    };

/** Numbers that are somebody's on the master, whatever the users file says. */
export interface KnownNumbers {
  /** Of accounts that are or were the cluster's, of homes and of archives of homes: with them somebody comes back. */
  readonly ours: readonly FormerUser[];
  /** Of all accounts, also others'. */
  readonly taken: readonly number[];
  /** Of groups: a user's own group would have the same. */
  readonly gids: readonly number[];
}

const NOTHING_KNOWN: KnownNumbers = { ours: [], taken: [], gids: [] };

/** A users file as it is to be. */
export interface ChangedUsers {
  /** The same as before where there is nothing to do. */
  readonly text: string;
  readonly users: UsersSpec;
  readonly former: readonly FormerUser[];
  /** Who gets into the file, goes from it, or is changed in it. */
  readonly changed: readonly FormerUser[];
  /** Whom it is about: also those for whom the file need not change any more. */
  readonly people: readonly FormerUser[];
}

/** A number that leaves room below for whoever is on a machine already. */
const FIRST_GIVEN = 2001;

/**
 * A users file with a change in it. Pure.
 *
 * @param keysThere of the user whose keys are changed, those that the cluster still lets in
 * @throws Failure telling all that is wrong with the change, or with the file
 */
export function changedUsers(
  file: Pick<UsersFile, "name" | "text">,
  change: UsersChange,
  known: KnownNumbers = NOTHING_KNOWN,
  keysThere: readonly string[] = [],
): ChangedUsers {
  const { users: before, former = [], problems } = parseUsers(file.text, file.name);
  if (before === undefined) throw invalid(`${file.name} is not valid as it is; nothing was changed`, problems);
  const planned = PLANS[change.kind]({ file: file.name, before, former, known, keysThere }, change as never);
  if (planned.problems.length > 0) throw invalid(`that cannot be done; ${file.name} was not changed`, planned.problems);
  const text = editUsersFile(file.text, planned.edit);
  if (text === undefined) {
    throw new Failure(
      "usage",
      `${file.name} is written in a way that cannot be edited by a program; it was not changed`,
      {
        code: "users.file-style",
        remedy: "edit it by hand, then ohpc up; or write its entries as other files do, a line for each property",
      },
    );
  }
  const after = parseUsers(text, file.name);
  if (after.users === undefined) throw invalid(`${file.name} would not be valid; it was not changed`, after.problems);
  return {
    text,
    users: after.users,
    former: after.former ?? [],
    changed: planned.changed,
    people: planned.people,
  };
}

interface Place {
  readonly file: string;
  readonly before: UsersSpec;
  readonly former: readonly FormerUser[];
  readonly known: KnownNumbers;
  readonly keysThere: readonly string[];
}

interface Planned {
  readonly edit: UsersEdit;
  readonly changed: readonly FormerUser[];
  readonly people: readonly FormerUser[];
  readonly problems: readonly Problem[];
}

const PLANS: {
  readonly [K in UsersChange["kind"]]: (place: Place, change: Extract<UsersChange, { kind: K }>) => Planned;
} = {
  add: planAdd,
  remove: planRemove,
  keys: planKeys,
};

function planAdd(place: Place, { users }: Extract<UsersChange, { kind: "add" }>): Planned {
  const { file, before, former } = place;
  const there = new Map(before.users.map((user) => [user.name, user]));
  const wanted = [...new Map(users.map((user) => [user.name, user])).values()];
  const problems = wanted.flatMap((user) => otherwise(user, there.get(user.name), file));
  const fresh = wanted.filter(({ name }) => !there.has(name));
  const numbers = givenNumbers(fresh, place);
  if (numbers.full) {
    const hint = "say which with --uid: none that somebody had is given again by itself";
    problems.push({ at: "uid", got: LAST_ID + 1, want: `at most ${LAST_ID}`, hint });
  }
  const add = fresh.map((user): FileEntry => ({ ...user, uid: numbers.uids.get(user.name) ?? LAST_ID }));
  const names = new Set(add.map(({ name }) => name));
  // Who comes back with the old number is no former user any more.
  const forget = former.filter(
    ({ name, uid }) => names.has(name) && add.some((one) => one.name === name && one.uid === uid),
  );
  const people = wanted.map(({ name }) => ({ name, uid: there.get(name)?.uid ?? numbers.uids.get(name) ?? LAST_ID }));
  return { edit: { add, forget }, changed: add.map(({ name, uid }) => ({ name, uid })), people, problems };
}

/** What is said of somebody who is there already and is not so. */
function otherwise(user: NewUser, there: UserSpec | undefined, file: string): readonly Problem[] {
  if (there === undefined) return [];
  const said: readonly (keyof NewUser)[] = ["uid", "groups", "account", "shell", "keys"];
  const plain = (value: unknown) => (Array.isArray(value) ? [...(value as readonly string[])].sort() : value);
  return said.flatMap((property) => {
    const [got, is] = [user[property], there[property]];
    if (got === undefined || isDeepStrictEqual(plain(got), plain(is))) return [];
    if (property === "keys") {
      const hint = `ohpc users keys changes them`;
      return [{ at: `${user.name}.keys`, got: shortKeys(got), want: `those that ${user.name} has in ${file}`, hint }];
    }
    const hint = `${user.name} is in ${file} already: edit it there`;
    return [{ at: `${user.name}.${property}`, got, want: JSON.stringify(is), hint }];
  });
}

function shortKeys(keys: unknown): readonly string[] {
  return (keys as readonly string[]).map((key) => (key.length > 40 ? `${key.slice(0, 37)}…` : key));
}

/** A number is handed out once: to whoever had it, else the next above all that anybody has, or had. */
function givenNumbers(
  fresh: readonly NewUser[],
  { before, former, known }: Place,
): { readonly uids: ReadonlyMap<string, number>; readonly full: boolean } {
  const owners = new Map<number, string>();
  for (const { name, uid } of [...known.ours, ...former, ...before.users]) owners.set(uid, name);
  const gids = new Set([...before.groups.map(({ gid }) => gid), ...known.gids]);
  const said = new Map(fresh.flatMap(({ name, uid }) => (uid === undefined ? [] : [[name, uid] as const])));
  const inRange = [...owners.keys(), ...known.taken, ...said.values()].filter((uid) => uid <= LAST_ID);
  let next = Math.max(FIRST_GIVEN - 1, ...inRange) + 1;
  let full = false;
  const uids = new Map<string, number>();
  for (const { name, uid } of fresh) {
    const had = [...former].reverse().find((one) => one.name === name) ?? known.ours.find((one) => one.name === name);
    if (uid !== undefined) uids.set(name, uid);
    else if (had !== undefined && owners.get(had.uid) === name && ![...said.values()].includes(had.uid))
      uids.set(name, had.uid);
    else {
      while (gids.has(next)) next++;
      full ||= next > LAST_ID;
      uids.set(name, next++);
    }
  }
  return { uids, full };
}

function planRemove(
  { file, before, former, known }: Place,
  { names }: Extract<UsersChange, { kind: "remove" }>,
): Planned {
  const there = new Map(before.users.map(({ name, uid }) => [name, { name, uid }]));
  const wanted = [...new Set(names)];
  const problems: Problem[] = [];
  const people = wanted.flatMap((name): readonly FormerUser[] => {
    const told = there.get(name) ?? [...former].reverse().find((one) => one.name === name);
    const user = told ?? known.ours.find((one) => one.name === name);
    if (user !== undefined) return [{ name, uid: user.uid }];
    const hint = didYouMean(name, there.keys());
    problems.push({ at: "user", got: name, want: `a user of ${file}`, hint });
    return [];
  });
  const remember = people.filter(({ uid }) => !former.some((one) => one.uid === uid));
  const remove = people.filter(({ name }) => there.has(name)).map(({ name }) => name);
  const changed = people.filter((one) => there.has(one.name) || remember.includes(one));
  return { edit: { remove, remember }, changed, people, problems };
}

function planKeys({ file, before, keysThere }: Place, change: Extract<UsersChange, { kind: "keys" }>): Planned {
  const { name, add, remove, set } = change;
  const user = before.users.find((one) => one.name === name);
  if (user === undefined) {
    const hint = didYouMean(
      name,
      before.users.map((one) => one.name),
    );
    const problem = { at: "user", got: name, want: `a user of ${file}`, hint };
    return { edit: {}, changed: [], people: [], problems: [problem] };
  }
  const named = (key: string, word: string) => {
    const { comment, fingerprint } = describeKey(key);
    return comment === word || fingerprint === word;
  };
  const problems = remove
    // A key that is out of the file already may still be let in by the cluster: then this goes on where it was.
    .filter((word) => ![...user.keys, ...keysThere].some((key) => named(key, word)))
    .map((got): Problem => {
      const hint = `ohpc users list shows the keys of all users`;
      return { at: "key", got, want: `the comment or the fingerprint of a key of ${name}`, hint };
    });
  const start = set === undefined ? user.keys : set;
  const left = start.filter((key) => !remove.some((word) => named(key, word)));
  // A key is the same whatever somebody calls it.
  const keys = [...new Map([...left, ...add].reverse().map((key) => [bodyOf(key), key])).values()].reverse();
  const same = isDeepStrictEqual([...keys].sort(), [...user.keys].sort());
  const one = { name, uid: user.uid };
  return {
    edit: same ? {} : { keys: new Map([[name, keys]]) },
    changed: same ? [] : [one],
    people: [one],
    problems,
  };
}

function bodyOf(key: string): string {
  return key.split(" ", 2).join(" ");
}

function invalid(message: string, problems: readonly Problem[]): Failure {
  const lines = problems.map((problem) => `  - ${describeProblem(problem)}`);
  return new Failure("usage", [message, ...lines].join("\n"), { code: "users.problems" });
}
