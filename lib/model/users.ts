import { type Document, isAlias, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { z } from "zod";
import type { ClusterSpec, GroupSpec, UserSpec } from "./cluster-spec";
import { type Problem, didYouMean } from "./problems";
import { unknownName } from "./properties";
import { publicKeyProblem } from "./ssh-key";

export type UsersSpec = ClusterSpec["users"];

/** What a users file says, or everything that is wrong with it. */
export interface UsersAnswer {
  /** Absent when there is a problem. */
  readonly users?: UsersSpec;
  /** Who had an account once, with the uids that nobody else gets; absent when there is a problem. */
  readonly former?: readonly FormerUser[];
  readonly problems: readonly Problem[];
}

/** Uids and gids of people: Debian's and EL's own range, but for the first, which the users of the clouds' images have. */
export const FIRST_ID = 1001;
export const LAST_ID = 60000;

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

/** Whose the numbers are that people do not get: https://systemd.io/UIDS-GIDS/, Debian Policy 9.2.2, subuid(5). */
const OWNERS: readonly { readonly first: number; readonly last: number; readonly owner: string }[] = [
  { first: 0, last: 0, owner: "it is root's" },
  { first: 1, last: 999, owner: "it is the system's" },
  { first: 1000, last: 1000, owner: "the user of the clouds' own images has it" },
  { first: 60_001, last: 60_705, owner: "systemd-homed and desktops have it" },
  { first: 61_184, last: 65_519, owner: "systemd gives it to services" },
  { first: 65_534, last: 65_534, owner: "it is nobody's" },
  { first: 65_535, last: 65_535, owner: "it stands for no user where numbers have 16 bits" },
  { first: 100_000, last: 4_294_967_294, owner: "containers of users have it" },
  { first: 4_294_967_295, last: 4_294_967_295, owner: "it stands for no user" },
];

/** Users that the images of clouds come with, or that their agents make. */
const IMAGE_USERS = new Set(
  (
    "admin azureuser debian ubuntu ec2-user ssm-user centos rocky almalinux fedora core opc cloud-user cloudadmin " +
    "rhel oracle vagrant ansible"
  ).split(" "),
);

/** What packages may make at any time: Debian Policy 9.2.1 has their names begin with an underscore. */
const OF_PACKAGES = /^(_|systemd-)/;

/** Names that a machine of the cluster has already, or that would give a user more than a user has. */
const RESERVED = new Set(
  (
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup _apt adm tty disk dialout fax voice " +
    "cdrom floppy tape sudo wheel audio dip operator src shadow utmp video sasl plugdev staff users input sgx kvm render crontab lxd docker " +
    "systemd-journal systemd-network systemd-resolve systemd-timesync messagebus sshd ssh _ssh polkitd tss chrony _chrony ntp dbus rpc rpcuser statd " +
    "munge slurm mysql mariadb prometheus node_exporter ldap nslcd sssd postfix halt shutdown ftp " +
    "kmem rdma netdev bluetooth libvirt incus incus-admin google-sudoers ohpc-power " +
    // Of Debian's images for clouds, and of what is often installed there.
    "clock dhcpcd tcpdump uuidd dnsmasq avahi syslog lpadmin ssl-cert nvidia-persistenced ec2-instance-connect cwagent " +
    "omsagent omi nxautomation"
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
const formerSchema = z.strictObject({ name: z.string(), uid: z.int() });
const fileSchema = z.strictObject({
  groups: z.array(groupSchema).default([]),
  users: z.array(userSchema).default([]),
  former: z.array(formerSchema).default([]),
});
const SCHEMAS: Readonly<Record<string, z.ZodObject>> = { groups: groupSchema, users: userSchema, former: formerSchema };
export type FileGroup = z.infer<typeof groupSchema>;
export type FileUser = z.infer<typeof userSchema>;
export type FormerUser = Readonly<z.infer<typeof formerSchema>>;

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
 * former:                  # who had an account once: the uid is nobody else's any more, files still belong to it
 *   - name: bob
 *     uid: 2002
 * ```
 *
 * Users' own groups are among the groups that come back, so that they are the whole of what `/etc/group` gets.
 */
export function parseUsers(text: string, file = "users.yaml"): UsersAnswer {
  const { content, problems } = readYaml(text, file);
  return problems.length > 0 ? { problems } : judgeUsers(content ?? {}, file);
}

/** What is wrong with users that are there as values: what a users file says, or a stack. */
export function judgeUsers(content: unknown, file: string): UsersAnswer {
  let parsed;
  try {
    parsed = fileSchema.safeParse(content);
  } catch (error) {
    // A stack may hand over what throws when it is read, such as a getter.
    const hint = `reading them failed with ${firstLine(error instanceof Error ? error.message : typeof error)}`;
    return { problems: [{ at: file, got: "a value that cannot be read", want: "users and groups", hint }] };
  }
  if (!parsed.success) {
    const kinds = parsed.error.issues.flatMap((issue) => schemaProblems(issue, content, file));
    return { problems: [...kinds, ...problemsOfOthers(content)] };
  }
  const { former, groups, users } = parsed.data;
  const problems = [...groupProblems(groups), ...userProblems(users, groups), ...formerProblems(former, users)];
  return problems.length > 0 ? { problems } : { users: completed(users, groups), former, problems };
}

/** What is wrong with those whose kinds are right, where others' are not: all is told at once. */
function problemsOfOthers(content: unknown): readonly Problem[] {
  const given = isRecord(content) ? content : {};
  const groups = rightOnes(given["groups"], groupSchema);
  const users = rightOnes(given["users"], userSchema);
  const former = rightOnes(given["former"], formerSchema);
  // A group that is written down wrong is one all the same.
  const named = elementsOf(given["groups"]).map((group) => {
    const name = isRecord(group) ? group["name"] : undefined;
    return typeof name === "string" ? name : "";
  });
  return [...groupProblems(groups), ...userProblems(users, groups, new Set(named)), ...formerProblems(former, users)];
}

/** In their places: what is wrong leaves a hole. */
function rightOnes<T>(value: unknown, schema: z.ZodType<T>): readonly T[] {
  const right: T[] = [];
  for (const [k, element] of elementsOf(value).entries()) {
    const parsed = schema.safeParse(element);
    if (parsed.success) right[k] = parsed.data;
  }
  return right;
}

function elementsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Thousands of users with their keys have less. */
const MOST_BYTES = 8 * 1024 * 1024;

/** A value that is named once may be used by every user of a large file, but not again and again within itself. */
const MOST_ALIASES = 20_000;

/** Nothing that YAML can say is wrong in a way that is not told: it is a problem, never an exception. */
function readYaml(text: string, file: string): { readonly content?: unknown; readonly problems: readonly Problem[] } {
  const wrong = (got: unknown, want = "valid YAML", hint?: string) => ({
    problems: [withHint({ at: file, got, want }, hint)],
  });
  if (Buffer.byteLength(text) > MOST_BYTES)
    return wrong(`${Buffer.byteLength(text)} bytes`, `at most ${MOST_BYTES} bytes`);
  try {
    const lines = new LineCounter();
    // Whether keys are unique yaml asks each of each; that is done below in one pass.
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, logLevel: "error" });
    const said = [...document.errors, ...document.warnings].map(({ message }) => firstLine(message));
    const problems = [...said, ...repeatedKeys(document, lines)].map((got) => ({ at: file, got, want: "valid YAML" }));
    if (problems.length > 0) return { problems: problems.slice(0, MOST_TOLD) };
    return { content: document.toJS({ maxAliasCount: MOST_ALIASES }), problems };
  } catch (error) {
    // Of aliases within aliases, and of what is nested too deeply for a stack.
    const hint = error instanceof RangeError ? "it is nested too deeply" : undefined;
    return wrong(firstLine(error instanceof Error ? error.message : String(error)), "YAML that can be read", hint);
  }
}

/** A file that is no YAML at all may be wrong in every line. */
const MOST_TOLD = 20;

function repeatedKeys(document: Document, lines: LineCounter): string[] {
  const told: string[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const word = isScalar(key) ? key.value : isAlias(key) ? key.source : undefined;
        if (word === undefined) continue;
        const place = isScalar(key) && key.range ? ` at line ${lines.linePos(key.range[0]).line}` : "";
        if (seen.has(word)) told.push(`the key ${JSON.stringify(word)} a second time${place}`);
        seen.add(word);
      }
    },
  });
  return told;
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

function userProblems(
  users: readonly FileUser[],
  groups: readonly FileGroup[],
  groupNames: ReadonlySet<string> = new Set(groups.map(({ name }) => name)),
): readonly Problem[] {
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
      ...shellProblems(user.shell, `${at}.shell`),
      ...user.keys.flatMap((key, g) => publicKeyProblem(key, `${at}.keys[${g}]`)),
      ...accountProblems(user.account, `${at}.account`),
    ];
  });
}

/** Numbers are handed out once: files of whoever had one still belong to it. */
function formerProblems(former: readonly FormerUser[], users: readonly FileUser[]): readonly Problem[] {
  const uids = firstPlaces(former.map(({ uid }) => uid));
  const owners = new Map<number, { readonly name: string; readonly k: number }>();
  former.forEach(({ name, uid }, k) => {
    if (!owners.has(uid)) owners.set(uid, { name, k });
  });
  const taken = (at: string, got: number, name: string): readonly Problem[] => {
    const owner = owners.get(got);
    if (owner === undefined || owner.name === name) return [];
    const hint = `files of ${owner.name} still belong to it`;
    return [{ at, got, want: `another number than that of former[${owner.k}]`, hint }];
  };
  return [
    ...former.flatMap(({ name, uid }, k) => [
      // What is kept from users nowadays, somebody may have been called before.
      ...(NAME.test(name) ? [] : [{ at: `former[${k}].name`, got: name, want: NAME_WANT }]),
      ...idProblems(uid, `former[${k}].uid`),
      ...repeated({ list: "former", property: "uid", k, value: uid, places: uids }),
    ]),
    ...users.flatMap(({ name, uid }, k) => taken(`users[${k}].uid`, uid, name)),
  ];
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
  const [named] = groups.filter(({ name }) => name === user.name);
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
  if (IMAGE_USERS.has(name)) {
    return [{ at, got: name, want: "another name", hint: "images of clouds come with a user of this name" }];
  }
  if (OF_PACKAGES.test(name)) {
    return [{ at, got: name, want: "another name", hint: "packages of the system begin theirs like that" }];
  }
  if (RESERVED.has(name)) return [{ at, got: name, want: "another name", hint: "the machines have it for themselves" }];
  return NAME.test(name) ? [] : [{ at, got: name, want: NAME_WANT }];
}

/** What the role `base` installs on every machine, by both of its paths, and what lets nobody in on purpose. */
const SHELLS = ["bash", "sh", "dash", "zsh"].flatMap((shell) => [`/bin/${shell}`, `/usr/bin/${shell}`]);
const NO_SHELLS = ["/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"];

function shellProblems(shell: string, at: string): readonly Problem[] {
  if (SHELLS.includes(shell) || NO_SHELLS.includes(shell)) return [];
  const want =
    "a shell that the machines have: /bin/bash, /bin/sh or /bin/zsh, or /usr/sbin/nologin for nobody to log in";
  const elsewhere = `/bin/${shell.slice(shell.lastIndexOf("/") + 1)}`;
  return [withHint({ at, got: shell, want }, didYouMean(elsewhere, SHELLS))];
}

function accountProblems(name: string, at: string): readonly Problem[] {
  if (name === "root") return [{ at, got: name, want: "another account", hint: "root is the administrators'" }];
  return ACCOUNT.test(name) ? [] : [{ at, got: name, want: ACCOUNT_WANT }];
}

function idProblems(id: number, at: string): readonly Problem[] {
  if (idSchema.safeParse(id).success) return [];
  return [withHint({ at, got: id, want: ID_WANT }, OWNERS.find(({ first, last }) => first <= id && id <= last)?.owner)];
}

interface Place {
  readonly list: string;
  readonly property: string;
  readonly k: number;
  readonly value: string | number;
  readonly places: ReadonlyMap<string | number, number>;
}

/** The later of two equal values is the one that is told. Lists may have holes, which `find` and iteration would meet. */
function repeated({ k, list, places, property, value }: Place): readonly Problem[] {
  const first = places.get(value) ?? k;
  if (first === k) return [];
  return [{ at: `${list}[${k}].${property}`, got: value, want: `another ${property} than that of ${list}[${first}]` }];
}

function firstPlaces<T>(values: readonly T[]): ReadonlyMap<T, number> {
  const places = new Map<T, number>();
  values.forEach((value, k) => {
    if (!places.has(value)) places.set(value, k);
  });
  return places;
}

function schemaProblems(issue: z.core.$ZodIssue, content: unknown, file: string): readonly Problem[] {
  const at = formatPath(issue.path, file);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const problem = unknownName(key, formatPath([...issue.path, key], file), known);
      return key === "<<" ? { ...problem, hint: "YAML 1.2 has no merge keys: say it for each" } : problem;
    });
  }
  const got = issue.path.reduce<unknown>((value, key) => (isRecord(value) ? value[String(key)] : undefined), content);
  const known = issue.code === "invalid_type" ? (TYPE_WORDS[issue.expected] ?? issue.expected) : undefined;
  // The only numbers are ids.
  const want = known ?? (typeof got === "number" ? ID_WANT : issue.message);
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
  return Object.keys(SCHEMAS[String(path[0])]?.shape ?? {});
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
