import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { count } from "../operate/feedback/count";
import { Failure } from "../operate/feedback/failure";
import { typedTreatment } from "../operate/feedback/treatment";
import type { ChangePlan } from "../operate/plan/change-plan";
import type { HomeFate, NewUser, UsersChange } from "../operate/users/change";
import type { HomeState } from "../operate/users/homes";
import { type ListedUser, listUsers, type UsersList } from "../operate/users/list";
import { sizeText } from "../operate/users/plan";
import { changeUsers, planUsers, type UsersChanged } from "../operate/verbs/users";
import { foldHosts } from "../slurm/hostlist";
import type { Duration } from "../units";
import { consenterAt } from "./consenter";
import {
  collected,
  here,
  minutes,
  parsedQuietly,
  terminalFor,
  treatmentIn,
  type TreatmentOptions,
  wholeNumber,
  withJson,
  withTreatment,
} from "./options";
import { paint } from "./paint";
import { tableOf } from "./table";
import type { PlannedVerb } from "./verb";
import { explain, type VerbHelp } from "./verb-help";

interface ChangeOptions extends TreatmentOptions {
  readonly yes?: boolean;
  readonly timeout?: Duration;
  readonly json?: boolean;
}

interface AddOptions extends ChangeOptions {
  readonly uid?: number;
  readonly account?: string;
  readonly groups?: readonly string[];
  readonly key?: readonly string[];
  readonly shell?: string;
}

interface RemoveOptions extends ChangeOptions {
  readonly home: HomeFate;
}

interface KeysOptions extends ChangeOptions {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly set?: readonly string[];
}

const KEY = "a public key, or a file of them; may be given more than once";

/** What is done with a change once it is typed. */
type Run = (stack: string, wanted: UsersChange, typed: string, options: ChangeOptions) => Promise<void>;

export const planned: PlannedVerb = {
  plan: async (stack, words, progress) => {
    const command = new Command("users");
    let plan: ChangePlan | undefined;
    declareChanges(command, async (name, wanted, typed, options) => {
      const consenter = { yes: false, treatment: treatmentIn(options) };
      plan = await planUsers(
        { stack: name, place: here(), change: wanted, consenter, command: `ohpc users ${typed}` },
        progress,
      );
    });
    const [verb = "", ...rest] = words;
    await parsedQuietly(command, [verb, stack, ...(rest[0] === stack ? rest.slice(1) : rest)]);
    if (plan === undefined) throw usage("name what is to be done with users", "add, remove or keys, with their words");
    return plan;
  },
};

export function define(command: Command): void {
  const list = command.command("list").description("Show users, and what the cluster has of them.");
  list.argument("<stack>", "name of the stack");
  withJson(list).action(async (stack: string, options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const users = await listUsers(stack, here(), terminal.progress);
    terminal.result({ ok: true, stack, ...users }, () => listText(stack, users));
  });

  declareChanges(command, change);
  explain(command, HELP);
}

/** `add`, `remove` and `keys`. */
function declareChanges(command: Command, run: Run): void {
  const add = command
    .command("add")
    .description("Give people accounts, and wait until every node that is on has them.");
  add
    .argument("<stack>", "name of the stack")
    .argument("<logins...>", "their login names")
    .option(
      "--uid <number>",
      "their number (default: the one that they had, else the next that nobody ever had)",
      wholeNumber,
    )
    .option("--account <account>", "the Slurm account that jobs are charged to (default: users)")
    .option("--groups <groups>", "further groups of the users file, with commas between", names)
    .option("--key <key>", KEY, collected)
    .option("--shell <path>", "the login shell (default: /bin/bash)");
  changing(add).action(async (stack: string, logins: string[], options: AddOptions) => {
    if (options.uid !== undefined && new Set(logins).size > 1)
      throw usage("--uid is for one user", "give each a command of its own");
    const { uid, account, groups, shell } = options;
    const keys = options.key === undefined ? undefined : readKeys(options.key);
    const users = logins.map((name): NewUser => ({ name, uid, account, groups, shell, keys }));
    const typed = [
      ...logins.map(quoted),
      ...(uid === undefined ? [] : [`--uid ${uid}`]),
      ...(account === undefined ? [] : [`--account ${quoted(account)}`]),
      ...(groups === undefined ? [] : [`--groups ${quoted(groups.join(","))}`]),
      ...(options.key ?? []).map((key) => `--key ${quoted(key)}`),
      ...(shell === undefined ? [] : [`--shell ${quoted(shell)}`]),
    ];
    await run(stack, { kind: "add", users }, `add ${stack} ${typed.join(" ")}`, options);
  });

  const remove = command.command("remove").description("Take accounts away, with log-ins, jobs and processes.");
  remove
    .argument("<stack>", "name of the stack")
    .argument("<users...>", "their login names")
    .addOption(
      new Option("--home <fate>", "what becomes of their homes").choices(["keep", "archive", "delete"]).default("keep"),
    );
  withTreatment(changing(remove)).action(async (stack: string, users: string[], options: RemoveOptions) => {
    const { home } = options;
    const typed = [
      `remove ${stack}`,
      ...users.map(quoted),
      ...(home === "keep" ? [] : [`--home ${home}`]),
      ...typedTreatment(treatmentIn(options)),
    ].join(" ");
    await run(stack, { kind: "remove", names: users, homes: home }, typed, options);
  });

  const keys = command.command("keys").description("Change the keys with which somebody logs in.");
  keys
    .argument("<stack>", "name of the stack")
    .argument("<user>", "the login name")
    .option("--add <key>", KEY, collected)
    .option(
      "--remove <key>",
      "the comment or the fingerprint (SHA256:…) of a key; may be given more than once",
      collected,
    )
    .option(
      "--set <key>",
      "in place of all that there are: a public key, or a file; may be given more than once",
      collected,
    );
  changing(keys).action(async (stack: string, user: string, options: KeysOptions) => {
    const { add: more = [], remove: less = [], set } = options;
    const typed = [
      quoted(user),
      ...more.map((key) => `--add ${quoted(key)}`),
      ...less.map((key) => `--remove ${quoted(key)}`),
      ...(set ?? []).map((key) => `--set ${quoted(key)}`),
    ];
    const wanted: UsersChange = {
      kind: "keys",
      name: user,
      add: readKeys(more),
      remove: less,
      set: set === undefined ? undefined : readKeys(set),
    };
    await run(stack, wanted, `keys ${stack} ${typed.join(" ")}`, options);
  });
}

const HELP: VerbHelp = {
  examples: [
    ["ohpc users list demo", "who has an account, and what the cluster has of it"],
    ["ohpc users add demo carol --key carol.pub --groups physics", "into the users file and onto the cluster"],
    ["ohpc users add demo dan eve fay", "many at once, with the next numbers"],
    ["ohpc users keys demo carol --add new.pub --remove carol@laptop", "another key in the place of one"],
    ["ohpc users remove demo bob --home archive", "with jobs and processes; asks before that"],
    ["ohpc users remove demo bob --home delete --yes", "nothing of bob is left but the number"],
  ],
  outcomes: ["consent", "busy", "unreachable"],
};

function changing(command: Command): Command {
  command
    .option("--yes", "agree beforehand to what users lose")
    .option("--timeout <minutes>", "how long nodes may take (default: 2)", minutes);
  return withJson(command);
}

async function change(stack: string, wanted: UsersChange, typed: string, options: ChangeOptions): Promise<void> {
  const terminal = terminalFor(options);
  const changed = await changeUsers(
    {
      stack,
      place: here(),
      change: wanted,
      consenter: consenterAt(terminal, options.yes === true, treatmentIn(options)),
      command: `ohpc users ${typed}`,
      limit: options.timeout,
    },
    terminal.progress,
  );
  terminal.result({ ok: true, stack, ...changed }, () => changedText(stack, wanted, changed));
}

function names(text: string): readonly string[] {
  const list = text.split(",").map((name) => name.trim());
  if (list.includes("")) throw new InvalidArgumentError("It must be names with commas between.");
  return list;
}

function quoted(text: string): string {
  return /^[\w.,/:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function usage(message: string, remedy: string): Failure {
  return new Failure("usage", message, { code: "usage.users", remedy });
}

/** A key has more than one word; all else is a file. */
const IS_KEY = /^(ssh-|ecdsa-|sk-)\S* \S/;
const LONGEST_FILE = 65_536;

/** Keys, and those of files: a line each, as in authorized_keys. */
function readKeys(given: readonly string[]): readonly string[] {
  return given.flatMap((one) => (IS_KEY.test(one) ? [one.trim()] : keysIn(one)));
}

function keysIn(path: string): readonly string[] {
  let text: string;
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(file);
      if (!found.isFile() || found.size > LONGEST_FILE) throw new Error("it is no file of keys");
      text = readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new Failure("usage", `the key ${path} cannot be read`, {
      code: "users.key-file",
      cause: (error as Error).message,
      remedy: "give a file such as ~/.ssh/id_ed25519.pub, or the key itself in quotes",
    });
  }
  if (text.includes("PRIVATE KEY")) {
    throw new Failure("usage", `${path} is a private key`, {
      code: "users.private-key",
      remedy: "give the file that ends with .pub, and keep this one to yourself",
    });
  }
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw usage(`there is no key in ${path}`, "give a file such as ~/.ssh/id_ed25519.pub");
  return keys;
}

/** What people read. */
export function listText(stack: string, { cluster, file, deployed, users }: UsersList): readonly string[] {
  const head = ["USER", "UID", "GROUPS", "ACCOUNT", "KEYS", ...(deployed ? ["CLUSTER", "RUNNING", "PENDING"] : [])];
  const rows = users.map((user) => [
    user.name,
    user.uid === undefined ? "?" : String(user.uid),
    user.groups?.join(",") ?? "",
    user.account ?? "",
    user.keys === undefined ? "" : String(user.keys.length),
    ...(deployed ? [standingText(user), ...jobsText(user)] : []),
  ]);
  const from = file === undefined ? "of the stack, which are in no file" : `of ${file}`;
  const table = rows.length === 0 ? ["nobody has an account"] : tableOf(head, rows);
  const waits = users.some(({ standing }) => standing === "not yet" || standing === "to go");
  return [
    `${paint("bold", cluster)}  users ${from}${deployed ? "" : "; nothing is deployed yet"}`,
    "",
    ...table,
    ...(waits ? ["", `  ${paint("dim", "bring it about")}  ohpc up ${stack}`] : []),
  ];
}

function standingText({ standing }: ListedUser): string {
  if (standing === undefined) return "?";
  return paint(standing === "there" ? "green" : standing === "former" ? "dim" : "yellow", standing);
}

function jobsText({ jobs, standing }: ListedUser): readonly string[] {
  if (jobs === undefined) return standing === "former" ? ["", ""] : ["?", "?"];
  return [String(jobs.running), String(jobs.pending)];
}

/** So many are told one by one. */
const SHOWN = 20;

/** What people read. */
export function changedText(stack: string, wanted: UsersChange, result: UsersChanged): readonly string[] {
  const { file, deployed, changed, people, steps, nodes, homes, left, seconds } = result;
  const word = { add: "added", remove: "removed", keys: "keys changed" }[wanted.kind];
  const shown = people.slice(0, SHOWN).map(({ name, uid }) => `${name} (${uid})`);
  const who = `${shown.join(", ")}${people.length > SHOWN ? ` and ${people.length - SHOWN} more` : ""}`;
  const ended = homes.filter(({ state }) => state === "archived" || state === "deleted");
  const nothing = changed.length + steps.length + ended.length === 0;
  const headline = nothing ? `${paint("green", "nothing to do")}: ${who}` : `${paint("green", word)}: ${who}`;
  return [
    `${headline}${deployed ? ` in ${seconds.toFixed(1)} s` : ""}`,
    ...(changed.length === 0 ? [] : [`  ${file}: ${count(changed.length, "user")} changed`]),
    ...(deployed ? [] : [`  nothing is deployed: ${paint("dim", `ohpc up ${stack}`)} brings it about`]),
    ...(nodes === undefined || nodes.nodes === 0
      ? []
      : [`  nodes: ${nodes.taken} of ${nodes.nodes} have the accounts`]),
    ...offLines(nodes?.off ?? []),
    ...ended.slice(0, SHOWN).map(homeText),
    ...(ended.length > SHOWN ? [`  and ${count(ended.length - SHOWN, "more home")}`] : []),
    ...left.map((line) => `  ${paint("yellow", "left as it is")}: ${line}`),
    ...(left.length === 0 ? [] : [`  ${paint("dim", "bring it about")}  ohpc up ${stack}`]),
  ];
}

function offLines(off: readonly { readonly node: string; readonly why: string }[]): readonly string[] {
  if (off.length === 0) return [];
  return [`  not asked, they take the accounts before they take jobs: ${foldHosts(off.map(({ node }) => node))}`];
}

function homeText({ name, path, state, bytes = 0, file }: HomeState): string {
  if (state === "archived") return `  home of ${name}: archived in ${file ?? ""} (${sizeText(bytes)})`;
  return `  home of ${name}: ${path} deleted`;
}
