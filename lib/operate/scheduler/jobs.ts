import { DocumentError } from "../../model/document-error";
import { expandHosts } from "../../slurm/hostlist";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import { orSilence } from "./silence";

/** A job that is not over. */
export interface Job {
  /** As people type it: `12`, `12_3`, `12_[4-9]`, `12+1`. */
  readonly id: string;
  /** A number where the machine knows no name for it. */
  readonly user: string;
  readonly account: string;
  /** As Slurm calls it: `RUNNING`, `PENDING`… */
  readonly state: string;
  /** One, or several with commas between, of which Slurm takes the first that is free. */
  readonly partition: string;
  /** Where it runs; none while it waits. */
  readonly hosts: readonly string[];
  /** Nodes that it cannot do without (`sbatch --nodelist`). */
  readonly requiredHosts?: readonly string[];
  /** How many nodes it has, or asks for. */
  readonly nodes?: number;
  /** How long it may take, in minutes; absent: as long as its partition lets it. */
  readonly minutes?: number;
  /** What every node must have that it gets, as far as squeue tells. */
  readonly perNode?: NodeNeeds;
  /** Jobs that it waits for, and how, all of them: `afterok:12`. */
  readonly after?: readonly string[];
  /** Whether Slurm puts it back into the queue when it loses a node; only known of jobs that run. */
  readonly requeue?: boolean;
  /** Only of jobs that are shown: what its user called it, which may be anything. */
  readonly name?: string;
}

export interface NodeNeeds {
  readonly cpus: number;
  readonly mebibytes: number;
  /** As it was typed: `fast&big`, `fast|big`; empty: any. */
  readonly features: string;
  /** How many by name: `gpu`, `gpu:a100`. */
  readonly gres: readonly { readonly name: string; readonly count: number }[];
}

/** What the master told of jobs. */
export interface JobList {
  readonly jobs: readonly Job[];
  /** Rows of squeue that do not fit. */
  readonly unreadable?: number;
}

/**
 * No field holds what users write: names and comments of jobs may hold anything, also what looks like a row. Features come
 * last because of the bars that stand between them; slurmctld has let none in that no node had. What JSON
 * would tell is 7.5 KiB for each job. Whether a job may be requeued, only the other kind of format tells.
 */
const LOOK = `systemctl is-active --quiet slurmctld || { echo 'slurmctld does not run' >&2; exit 1; }
timeout 10 squeue --all --noheader --format='%i|%u|%a|%T|%P|%N|%n|%D|%l|%E|%c|%m|%b|%f'
timeout 10 squeue --all --noheader --states=RUNNING,SUSPENDED,CONFIGURING --Format='JobArrayID:40,BatchFlag:4,Requeue:4'
`;

/**
 * All jobs that are not over, as the master tells them.
 *
 * @throws Failure with the code `slurmctld.silent` where slurmctld runs and does not answer
 */
export async function unfinishedJobs(master: Remote): Promise<JobList> {
  // One that hangs would be waited for a minute, more than once.
  const printed = await master.run(LOOK).catch((error: unknown) => {
    throw orSilence(error, master.host);
  });
  return readJobs(printed);
}

const HOSTS = String.raw`[A-Za-z0-9_.,[\]-]*`;
const NAME = String.raw`[A-Za-z0-9_][A-Za-z0-9_.-]*`;
const ROW = new RegExp(
  [
    String.raw`^(?<id>\d+(?:_(?:\d+|\[[0-9,:%-]+(?:\.\.\.)?(?:%\d+)?\])|\+\d+)?)`,
    `(?<user>${NAME}\\$?)`,
    `(?<account>(?:${NAME})?)`,
    String.raw`(?<state>[A-Z_]+)`,
    `(?<partition>${NAME}(?:,${NAME})*)`,
    `(?<hosts>${HOSTS})`,
    `(?<required>${HOSTS})`,
    String.raw`(?<nodes>\d+)(?<scale>[KM]?)(?:-\d+[KM]?)?`,
    String.raw`(?<limit>[0-9:-]+|[A-Z_]+)`,
    String.raw`(?<after>[A-Za-z0-9_:,?*+()]*)`,
    String.raw`(?<cpus>\d+[KM]?)`,
    String.raw`(?<memory>\d+(?:\.\d+)?[KMGTP]?)`,
    String.raw`(?<gres>[\w.:,/=-]*)`,
    String.raw`(?<features>[\w.=|&*()[\]-]*)$`,
  ].join("\\|"),
);
const FLAGS = /^(?<id>\S+) +(?<batch>[01]) +(?<requeue>[01]) *$/;

/** Reads what squeue printed; a row that does not fit is dropped and counted. Pure. */
export function readJobs(printed: string): JobList {
  const lines = printed.split("\n").filter((line) => line !== "");
  const requeued = new Map(
    lines.flatMap((line) => {
      const { id = "", batch, requeue } = FLAGS.exec(line)?.groups ?? {};
      return id === "" ? [] : [[id, batch === "1" && requeue === "1"] as const];
    }),
  );
  const rows = lines.filter((line) => !FLAGS.test(line));
  const jobs = rows.flatMap((line) => {
    const fields = ROW.exec(line)?.groups;
    const job = fields === undefined ? undefined : jobOf(fields);
    return job === undefined ? [] : [{ ...job, requeue: requeued.get(job.id) }];
  });
  return { jobs, unreadable: rows.length - jobs.length };
}

function jobOf(fields: Readonly<Record<string, string>>): Job | undefined {
  const { id = "", user = "", account = "", state = "", partition = "", scale = "" } = fields;
  const { hosts = "", required = "", nodes = "", limit = "", after = "" } = fields;
  const { cpus = "", memory = "", gres = "", features = "" } = fields;
  try {
    return {
      id,
      user,
      account,
      state,
      partition,
      hosts: expandHosts(hosts),
      requiredHosts: expandHosts(required),
      nodes: counted(nodes + scale),
      minutes: minutesOf(limit),
      perNode: {
        cpus: counted(cpus),
        mebibytes: counted(memory) / (/\d$/.test(memory) ? 1 : 1024 ** 2),
        features: features === "(null)" ? "" : features,
        gres: gresOf(gres),
      },
      after: afterOf(after),
    };
  } catch (error) {
    if (error instanceof DocumentError) return undefined;
    throw error;
  }
}

/** `2`, `4K`, `1.50G`. */
function counted(text: string): number {
  const [, number = "", scale = ""] = /^([\d.]+)([KMGTP]?)$/.exec(text) ?? [];
  return Number(number) * 1024 ** " KMGTP".indexOf(scale || " ");
}

/** `gres/gpu:a100:2,gres/gpu:1`; `N/A` where none is asked for. */
function gresOf(text: string): NodeNeeds["gres"] {
  return [...text.matchAll(/gres[/:]([\w-]+(?::[A-Za-z_][\w-]*)?)(?:[:=](\d+))?(?=,|$)/g)].map(
    ([, name = "", count = "1"]) => ({
      name,
      count: Number(count),
    }),
  );
}

/** `afterok:12(unfulfilled),afterany:13_*(unfulfilled)`; where one of several will do, none. Pure. */
function afterOf(text: string): readonly string[] {
  if (text.includes("?")) return [];
  return [...text.matchAll(/([a-z]+:\d+(?:_(?:\d+|\*))?)(?:\+\d+)?\(unfulfilled\)/g)].map(([, one = ""]) => one);
}

/**
 * Slurm's own way to write a time limit, as minutes: `30`, `30:00`, `2:00:00`, `1-12`, `1-12:30:00`; none for
 * `UNLIMITED` and what is no time. Pure.
 */
export function minutesOf(limit: string): number | undefined {
  const [, days, clock = ""] = /^(?:(\d+)-)?(\d+(?::\d+){0,2})$/.exec(limit) ?? [];
  if (clock === "") return undefined;
  const [first = 0, second = 0, third = 0] = clock.split(":").map(Number);
  if (days !== undefined) return Number(days) * 1440 + first * 60 + second + third / 60;
  return clock.split(":").length === 3 ? first * 60 + second + third / 60 : first + second / 60;
}

/** Whether it has left its nodes but for the last of its processes. */
export function isOver({ state }: Pick<Job, "state">): boolean {
  return state === "COMPLETING" || state === "CANCELLED" || state === "COMPLETED";
}

/** Jobs that lose a node if these hosts go. */
export function jobsOn(jobs: readonly Job[], hosts: readonly string[]): readonly Job[] {
  const lost = new Set(hosts);
  return jobs.filter((job) => job.hosts.some((host) => lost.has(host)));
}

/** What people are shown of a job. */
export type ShownJob = Pick<Job, "id" | "user" | "state" | "hosts" | "name">;

/** One line for people: `12 alice RUNNING cpu-1,cpu-2 train`. */
export function describeJob({ id, user, state, hosts, name = "" }: ShownJob): string {
  return [id, user, state, hosts.join(","), name].filter((word) => word !== "").join(" ");
}

/** So many jobs are shown one by one. */
const SHOWN = 10;

/** One line for each of some jobs; what the others are, in one more. Pure. */
export function listJobs(jobs: readonly ShownJob[]): readonly string[] {
  const rest = jobs.slice(SHOWN);
  return [...jobs.slice(0, SHOWN).map(describeJob), ...(rest.length === 0 ? [] : [`and ${summarizeJobs(rest)}`])];
}

/** `412 more of alice, bob: 400 PENDING, 12 RUNNING`. */
function summarizeJobs(jobs: readonly ShownJob[]): string {
  const users = [...new Set(jobs.map(({ user }) => user))].sort();
  const named = users.slice(0, SHOWN).join(", ");
  const others = users.length > SHOWN ? ` and ${users.length - SHOWN} other users` : "";
  return `${jobs.length} more of ${named}${others}: ${countStates(jobs)}`;
}

/** `400 PENDING, 12 RUNNING`. Pure. */
function countStates(jobs: readonly ShownJob[]): string {
  const states = new Map<string, number>();
  for (const { state } of jobs) states.set(state, (states.get(state) ?? 0) + 1);
  return [...states]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, number]) => `${number} ${state}`)
    .join(", ");
}

/** The same jobs; the first of those that are shown with what their users called them, as far as the master still knows. */
export async function withNames(
  master: Remote,
  jobs: readonly Job[],
  shown: readonly Job[] = jobs,
): Promise<readonly Job[]> {
  const asked = shown.slice(0, SHOWN).map(({ id }) => id);
  if (asked.length === 0) return jobs;
  let printed: string;
  try {
    printed = await master.run(NAMES, { args: asked });
  } catch (error) {
    if (error instanceof RemoteError) return jobs;
    throw error;
  }
  const names = new Map(
    printed.split("\n").flatMap((line) => {
      const [, id = "", encoded = ""] = /^(\S+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
      const [name = ""] = Buffer.from(encoded, "base64").toString().split("\n");
      return name === "" ? [] : [[id, name] as const];
    }),
  );
  return jobs.map((job) => (names.has(job.id) ? { ...job, name: names.get(job.id) } : job));
}

/** All waiting tasks of an array have one name. */
const NAMES = String.raw`for id; do
  printf '%s ' "$id"
  squeue --all --noheader --jobs="$(sed 's/_\[.*//' <<<"$id")" --format=%j 2>/dev/null | head -c 100 | base64 -w0
  echo
done
`;

/** Jobs of a cluster that is about to lose something. */
export type JobsSeen = JobList | { readonly unknown: string };

/**
 * What jobs there are, if the master answers soon; with their names those that are `shown`.
 *
 * @throws RemoteError if it refuses us: then it is there, and so are its jobs
 */
export async function jobsSeen(
  master: Remote | undefined,
  shown: (jobs: readonly Job[]) => readonly Job[] = () => [],
): Promise<JobsSeen> {
  if (master === undefined) return { jobs: [] };
  try {
    const seen = await unfinishedJobs(master);
    return { ...seen, jobs: await withNames(master, seen.jobs, shown(seen.jobs)) };
  } catch (error) {
    if (error instanceof RemoteError && error.failure === "refused") throw error;
    if (error instanceof Failure) return { unknown: `${error.message}: jobs may be running` };
    const who = error instanceof RemoteError && error.failure === "failed" ? `Slurm on ${master.host}` : master.host;
    return { unknown: `${who} does not answer: jobs may be running` };
  }
}

/** That there may be more jobs than could be read; nothing otherwise. Pure. */
export function describeUnreadable({ unreadable = 0 }: JobList): readonly string[] {
  if (unreadable === 0) return [];
  return [`${unreadable} ${unreadable === 1 ? "row" : "rows"} of squeue could not be read: there may be more jobs`];
}
