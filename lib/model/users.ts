import { parseDocument } from "yaml";
import { z } from "zod";
import type { ClusterSpec, GroupSpec, UserSpec } from "./cluster-spec";
import { type Problem, didYouMean } from "./problems";
import { publicKeyProblem } from "./ssh-key";

export type UsersSpec = ClusterSpec["users"];

/** What a users file says, or everything that is wrong with it. */
export interface UsersAnswer {
  /** Absent when there is a problem. */
  readonly users?: UsersSpec;
  readonly problems: readonly Problem[];
}

/** Uids and gids of people: Debian's and EL's own range. Below are the system's, above those of containers and `nobody`. */
const FIRST_ID = 1000;
const LAST_ID = 60000;

const idSchema = z.int().min(FIRST_ID).max(LAST_ID);
const ID_WANT = `a whole number from ${FIRST_ID} to ${LAST_ID}`;

/** useradd(8)'s rule; Slurm and NFS carry such names everywhere. */
const NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const NAME_WANT =
  "a lower case letter or underscore followed by lower case letters, digits, hyphens and underscores, at most 32 in all";

/** Slurm keeps account names in lower case. */
const ACCOUNT = /^[a-z][a-z0-9_.-]{0,63}$/;
const ACCOUNT_WANT =
  "a Slurm account: a lower case letter followed by lower case letters, digits, dots, hyphens and underscores";

/** Names that a machine of the cluster has already, or that would give a user more than a user has. */
const RESERVED = new Set(
  (
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup _apt adm tty disk dialout fax voice " +
    "cdrom floppy tape sudo wheel audio dip operator src shadow utmp video sasl plugdev staff users input sgx kvm render crontab lxd docker " +
    "systemd-journal systemd-network systemd-resolve systemd-timesync messagebus sshd ssh _ssh polkitd tss chrony _chrony ntp dbus rpc rpcuser statd " +
    "munge slurm mysql mariadb prometheus node_exporter ldap nslcd sssd postfix halt shutdown ftp"
  ).split(" "),
);

const groupSchema = z.strictObject({ name: z.string(), gid: z.int() });
const userSchema = z.strictObject({
  name: z.string(),
  uid: z.int(),
  gid: z.int().optional(),
  groups: z.array(z.string()).default([]),
  shell: z.string().default("/bin/bash"),
  keys: z.array(z.string()).default([]),
  account: z.string().default("users"),
});
const fileSchema = z.strictObject({
  groups: z.array(groupSchema).default([]),
  users: z.array(userSchema).default([]),
});
type FileGroup = z.infer<typeof groupSchema>;
type FileUser = z.infer<typeof userSchema>;

/**
 * Reads a users file:
 *
 * ```yaml
 * groups:                  # Unix groups that several users share
 *   - name: physics
 *     gid: 3000
 * users:
 *   - name: alice
 *     uid: 2001            # the same on every machine and for ever: files belong to it
 *     gid: 2001            # default: the uid, with a group of the user's own name; or the gid of a group above
 *     groups: [physics]    # supplementary groups, from above; default: none
 *     shell: /bin/bash     # default
 *     keys:                # OpenSSH public keys that may log in; default: none, which means no login
 *       - ssh-ed25519 AAAA… alice@laptop
 *     account: physics     # Slurm account that jobs are charged to; default: users
 * ```
 *
 * Users' own groups are among the groups that come back, so that they are the whole of what `/etc/group` gets.
 */
export function parseUsers(text: string, file = "users.yaml"): UsersAnswer {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ message }) => ({ at: file, got: firstLine(message), want: "valid YAML" })),
    };
  }
  const content: unknown = document.toJS() ?? {};
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success)
    return { problems: parsed.error.issues.flatMap((issue) => schemaProblems(issue, content, file)) };
  const { groups, users } = parsed.data;
  const problems = [...groupProblems(groups), ...userProblems(users, groups)];
  return problems.length > 0 ? { problems } : { users: completed(users, groups), problems };
}

function completed(users: readonly FileUser[], groups: readonly FileGroup[]): UsersSpec {
  const shared = new Set(groups.map(({ gid }) => gid));
  const own: GroupSpec[] = users
    .map((user) => ({ name: user.name, gid: gidOf(user) }))
    .filter(({ gid }) => !shared.has(gid));
  return {
    groups: [...groups, ...own],
    users: users.map((user): UserSpec => ({ ...user, gid: gidOf(user) })),
  };
}

function gidOf({ gid, uid }: FileUser): number {
  return gid ?? uid;
}

function groupProblems(groups: readonly FileGroup[]): readonly Problem[] {
  const [names, gids] = [firstPlaces(groups.map(({ name }) => name)), firstPlaces(groups.map(({ gid }) => gid))];
  return groups.flatMap(({ name, gid }, k) => [
    ...nameProblems(name, `groups[${k}].name`),
    ...idProblems(gid, `groups[${k}].gid`),
    ...repeated({ list: "groups", property: "name", k, value: name, places: names }),
    ...repeated({ list: "groups", property: "gid", k, value: gid, places: gids }),
  ]);
}

function userProblems(users: readonly FileUser[], groups: readonly FileGroup[]): readonly Problem[] {
  const groupNames = new Set(groups.map(({ name }) => name));
  const [names, uids] = [firstPlaces(users.map(({ name }) => name)), firstPlaces(users.map(({ uid }) => uid))];
  const gids = firstPlaces(users.map(gidOf));
  return users.flatMap((user, k) => {
    const at = `users[${k}]`;
    return [
      ...nameProblems(user.name, `${at}.name`),
      ...idProblems(user.uid, `${at}.uid`),
      ...(user.gid === undefined ? [] : idProblems(user.gid, `${at}.gid`)),
      ...repeated({ list: "users", property: "name", k, value: user.name, places: names }),
      ...repeated({ list: "users", property: "uid", k, value: user.uid, places: uids }),
      ...ownGroupProblems(user, at, groups, users[gids.get(gidOf(user)) ?? k], gids),
      ...user.groups.flatMap((name, g) => groupProblem(name, `${at}.groups[${g}]`, groupNames)),
      ...(/^\/[^\s:]*$/.test(user.shell)
        ? []
        : [{ at: `${at}.shell`, got: user.shell, want: "the absolute path of a shell" }]),
      ...user.keys.flatMap((key, g) => publicKeyProblem(key, `${at}.keys[${g}]`)),
      ...accountProblems(user.account, `${at}.account`),
    ];
  });
}

function groupProblem(name: string, at: string, names: ReadonlySet<string>): readonly Problem[] {
  if (names.has(name)) return [];
  return [withHint({ at, got: name, want: "a group of this file" }, didYouMean(name, names))];
}

/** A user's own group must have a name and a gid that nobody else has. */
function ownGroupProblems(
  user: FileUser,
  at: string,
  groups: readonly FileGroup[],
  first: FileUser | undefined,
  gids: ReadonlyMap<number, number>,
): readonly Problem[] {
  const gid = gidOf(user);
  if (groups.some((group) => group.gid === gid)) {
    if (user.gid !== undefined) return [];
    const want = `another number than the gid of a group, unless gid says that this group is the user's first`;
    return [{ at: `${at}.uid`, got: user.uid, want, hint: `write gid: ${gid} if it is` }];
  }
  const named = groups.find(({ name }) => name === user.name);
  if (named !== undefined) {
    const hint = `write gid: ${named.gid} if it is the user's first group`;
    return [{ at: `${at}.name`, got: user.name, want: "another name than that of a group", hint }];
  }
  // Of users with the same uid, that is what they are told.
  if (first === undefined || first.uid === user.uid) return [];
  const want = `another number than the gid of users[${gids.get(gid) ?? 0}]`;
  const hint = "declare a group to share it";
  return [{ at: `${at}.${user.gid === undefined ? "uid" : "gid"}`, got: gid, want, hint }];
}

function nameProblems(name: string, at: string): readonly Problem[] {
  if (RESERVED.has(name)) return [{ at, got: name, want: "another name", hint: "the machines have it for themselves" }];
  return NAME.test(name) ? [] : [{ at, got: name, want: NAME_WANT }];
}

function accountProblems(name: string, at: string): readonly Problem[] {
  if (name === "root") return [{ at, got: name, want: "another account", hint: "root is the administrators'" }];
  return ACCOUNT.test(name) ? [] : [{ at, got: name, want: ACCOUNT_WANT }];
}

function idProblems(id: number, at: string): readonly Problem[] {
  return idSchema.safeParse(id).success ? [] : [{ at, got: id, want: ID_WANT }];
}

interface Place {
  readonly list: string;
  readonly property: string;
  readonly k: number;
  readonly value: string | number;
  readonly places: ReadonlyMap<string | number, number>;
}

/** The later of two equal values is the one that is told. */
function repeated({ k, list, places, property, value }: Place): readonly Problem[] {
  const first = places.get(value) ?? k;
  if (first === k) return [];
  return [{ at: `${list}[${k}].${property}`, got: value, want: `another ${property} than that of ${list}[${first}]` }];
}

function firstPlaces<T>(values: readonly T[]): ReadonlyMap<T, number> {
  return new Map(values.map((value, k) => [value, k] as const).reverse());
}

function schemaProblems(issue: z.core.$ZodIssue, content: unknown, file: string): readonly Problem[] {
  const at = formatPath(issue.path, file);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) =>
      withHint(
        { at: formatPath([...issue.path, key], file), got: key, want: `one of ${known.join(", ")}` },
        didYouMean(key, known),
      ),
    );
  }
  const got = issue.path.reduce<unknown>((value, key) => (isRecord(value) ? value[String(key)] : undefined), content);
  const want = issue.code === "invalid_type" ? (TYPE_WORDS[issue.expected] ?? issue.expected) : issue.message;
  return [{ at, got, want }];
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: "a mapping of properties",
  array: "a list",
  string: "text",
  number: "a whole number",
  int: "a whole number",
};

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(fileSchema.shape);
  return Object.keys(path[0] === "users" ? userSchema.shape : groupSchema.shape);
}

function formatPath(path: readonly PropertyKey[], file: string): string {
  const text = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return text === "" ? file : text.replace(/^\./, "");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function withHint(problem: Problem, hint: string | undefined): Problem {
  return hint === undefined ? problem : { ...problem, hint };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
