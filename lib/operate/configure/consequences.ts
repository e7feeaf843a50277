import type { ClusterView } from "../../model/cluster-view";
import { isWholeSlurmConf, parseSlurmConf } from "../../slurm/slurm-conf-parse";
import { count } from "../feedback/count";
import { NOW, type Treatment } from "../feedback/treatment";
import { describeUnreadable, isOver, type Job, type JobsSeen } from "../scheduler/jobs";
import {
  describeHits,
  type GroupsOf,
  type Hit,
  jobsHit,
  type ScopesHit,
  scopesHit,
  withStranded,
} from "../scheduler/jobs-hit";
import { treated } from "../scheduler/treated";
import type { PlannedStep } from "./run-steps";
import type { SlurmConfState } from "./steps/slurm-conf";

interface Person {
  readonly name: string;
  readonly uid: number;
}

/** The part of the accounts' state that matters here. */
interface SeenAccounts {
  readonly groups: readonly { readonly name: string; readonly gid: number }[];
  readonly users: readonly Person[];
}

/** What carrying out a plan would take from the people of a cluster, as far as it shows without their jobs. */
export interface Consequences {
  /** Two versions of slurm.conf. Without the first: it was damaged by hand, or there is none. */
  readonly slurm?: {
    readonly before: string | undefined;
    readonly after: string;
    readonly scopes: ScopesHit;
    /** Nodes that have to be free of jobs while it is done. */
    readonly restarted: readonly string[];
  };
  readonly groupsOf: GroupsOf;
  readonly going: readonly Person[];
  /** How many users there are now. */
  readonly users: number;
  readonly renumbered: readonly (Person & { readonly to: number })[];
  readonly groups: readonly { readonly name: string; readonly gid: number }[];
}

/** What people are asked, and about what. */
export interface Stakes {
  /** Empty: nothing is lost. */
  readonly scopes: readonly string[];
  /** For people. */
  readonly lines: readonly string[];
  /** Jobs that they speak of, and those that are waited for. */
  readonly hits: readonly Hit[];
  /** Jobs that what is to be done with them has no way for. */
  readonly uncovered: readonly Hit[];
  /** Whether nobody could see the jobs. */
  readonly blind: boolean;
}

/** Reads a plan; absent where nobody loses anything by it. Pure. */
export function consequencesOf(
  plan: readonly PlannedStep[],
  { spec }: Pick<ClusterView, "spec">,
): Consequences | undefined {
  const of = (id: string) => plan.find(({ step, differences }) => step.id === id && differences.length > 0);
  const people = peopleLost(of("accounts"));
  const slurm = slurmLost(plan);
  if (slurm === undefined && people.going.length + people.renumbered.length + people.groups.length === 0)
    return undefined;
  const groups = new Map(spec.users.groups.map(({ name, gid }) => [gid, name]));
  const memberships = new Map(
    spec.users.users.map((user) => [
      user.name,
      [...user.groups, ...(groups.has(user.gid) ? [groups.get(user.gid) ?? ""] : [])],
    ]),
  );
  return { ...people, slurm, groupsOf: (user) => memberships.get(user) ?? [] };
}

function peopleLost(step: PlannedStep | undefined): Pick<Consequences, "going" | "users" | "renumbered" | "groups"> {
  // What could not be looked at yet, or never was set up, nobody loses.
  const before = step?.before as SeenAccounts | null | undefined;
  if (step === undefined || before === null || before === undefined)
    return { going: [], users: 0, renumbered: [], groups: [] };
  const after = step.after as unknown as SeenAccounts;
  const wanted = new Map(after.users.map(({ name, uid }) => [name, uid]));
  const people = before.users.map(({ name, uid }) => ({ name, uid }));
  const going = people.filter(({ name }) => !wanted.has(name));
  const renumbered = people.flatMap((person) => {
    const to = wanted.get(person.name) ?? person.uid;
    return to === person.uid ? [] : [{ ...person, to }];
  });
  const kept = new Set(after.groups.map(({ name }) => name));
  const own = new Set([...going, ...renumbered].map(({ name }) => name));
  const groups = before.groups
    .map(({ name, gid }) => ({ name, gid }))
    .filter(({ name }) => !kept.has(name) && !own.has(name));
  return { going, users: people.length, renumbered, groups };
}

/** What slurmctld reads anew; only then jobs can lose anything by it. */
function slurmLost(plan: readonly PlannedStep[]): Consequences["slurm"] {
  const rereads = plan.some(
    ({ step, differences, effect }) =>
      differences.length > 0 && (step.id === "slurm-conf" || (step.id === "cluster-registered" && effect !== "live")),
  );
  const step = plan.find(({ step: { id } }) => id === "slurm-conf");
  const before = (step?.before as SlurmConfState | null | undefined)?.["slurm.conf"];
  const after = (step?.after as SlurmConfState | undefined)?.["slurm.conf"];
  if (!rereads || typeof after !== "string") return undefined;
  // What is there does not tell what slurmctld runs with.
  if (typeof before !== "string" || !isWholeSlurmConf(before)) {
    return { before: undefined, after, scopes: { partitions: [], going: [], any: false }, restarted: [] };
  }
  const scopes = scopesHit(before, after);
  if (step?.effect !== "drain and restart slurmd") return { before, after, scopes, restarted: [] };
  const restarted = [...parseSlurmConf(before).nodes.keys()].filter((host) => !scopes.going.includes(host));
  return { before, after, scopes: { ...scopes, any: true }, restarted };
}

/**
 * What of it there is to be asked about, by the jobs that there are. Pure.
 *
 * @param told - nodes whose jobs were told already
 */
export function stakesOf(
  consequences: Consequences,
  seen: JobsSeen,
  told: ReadonlySet<string> = new Set(),
  treatment: Treatment = NOW,
): Stakes {
  const { slurm, going, renumbered, groups, groupsOf } = consequences;
  const jobs = "unknown" in seen ? [] : seen.jobs;
  const byUser = [
    ...hitsOfPeople(jobs, going, "their users go"),
    ...hitsOfPeople(jobs, renumbered, "their users get other numbers"),
  ];
  const theirs = new Set(byUser.map(({ job }) => job));
  const bySlurm = slurm === undefined ? [] : jobsHit(slurm.before, slurm.after, jobs, groupsOf, slurm.restarted);
  const all = withStranded([...byUser, ...bySlurm.filter(({ job }) => !theirs.has(job))], jobs);
  const untold = ({ scope }: Hit) => !(scope.startsWith("node ") && told.has(scope.slice(5)));
  const { hits: every, uncovered } = treated(all, treatment, jobs);
  const hits = every.filter(untold);
  const blind = "unknown" in seen;
  const scopes = new Set([
    ...[...going, ...renumbered].map(({ name }) => `user ${name}`),
    ...groups.map(({ name }) => `group ${name}`),
    // Told ones are asked about where they were told.
    ...every.filter(({ fate }) => fate !== "waited").map(({ scope }) => scope),
    // Nobody is asked about what cannot be seen where the change takes nothing away, as far as files tell.
    ...(blind && slurm?.scopes.any === true ? ["jobs that nobody can see"] : []),
  ]);
  if (scopes.size === 0) return { scopes: [], lines: [], hits, uncovered, blind };
  return {
    scopes: [...scopes],
    hits,
    uncovered,
    blind,
    lines: [
      ...describePeople(consequences, jobs),
      ...describeHits(hits),
      ...("unknown" in seen ? [seen.unknown] : describeUnreadable(seen)),
    ],
  };
}

function hitsOfPeople(jobs: readonly Job[], people: readonly Person[], why: string): readonly Hit[] {
  const names = new Map(people.flatMap(({ name, uid }) => [[name, name] as const, [String(uid), name] as const]));
  return jobs.flatMap((job) => {
    const name = names.get(job.user);
    return name === undefined || isOver(job) ? [] : [{ job, fate: "cancelled", why, scope: `user ${name}` }];
  });
}

/** So many people are named. */
const NAMED = 10;

/** What becomes of people, whatever their jobs. Pure. */
export function describePeople(
  { going, users, renumbered, groups }: Consequences,
  jobs: readonly Job[],
): readonly string[] {
  const who = going.length > 0 && going.length === users ? `all ${count(users, "user")}` : count(going.length, "user");
  const mine = hitsOfPeople(jobs, going, "").length;
  return [
    ...(going.length === 0
      ? []
      : [
          `${who} would go, with ${count(mine, "job")}; their log-ins and processes end, their homes stay: ${some(going)}`,
        ]),
    ...renumbered.map(
      ({ name, uid, to }) =>
        `user ${name} would get uid ${to} instead of ${uid}: files of ${uid} stay with that number`,
    ),
    ...(groups.length === 0
      ? []
      : [`${count(groups.length, "group")} would go; files stay with its number: ${some(groups)}`]),
  ];
}

function some(named: readonly { readonly name: string }[]): string {
  const rest = named.length - NAMED;
  const names = named.slice(0, NAMED).map(({ name }) => name);
  return `${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
