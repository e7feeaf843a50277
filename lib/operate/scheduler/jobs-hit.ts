import { expandHosts, foldHosts } from "../../slurm/hostlist";
import { type ParsedSlurmConf, parseSlurmConf } from "../../slurm/slurm-conf-parse";
import { count } from "../feedback/count";
import { isOver, type Job, listJobs, minutesOf } from "./jobs";
import { isAsMuch, kindsOf, lacking, type NodeKind } from "./node-kinds";

/**
 * What becomes of a job: we cancel it; Slurm ends it; it goes back into the queue and starts anew; it waits and never starts;
 * it comes to its own end, for which we wait (`treated`). All of it was seen with Slurm 24.11.5.
 */
export type Fate = "cancelled" | "ends" | "requeues" | "waits" | "waited";

/** A job that a change takes something from. */
export interface Hit {
  readonly job: Job;
  readonly fate: Fate;
  /** For people, one for all jobs that it is the same of: `partition cpu goes`. */
  readonly why: string;
  /** What somebody agrees to lose: everything of `partition cpu`, `node cpu-3`, `user bob`. */
  readonly scope: string;
}

/** Names of the groups that a user is in. */
export type GroupsOf = (user: string) => readonly string[];

/**
 * The jobs that end or never start when Slurm gets another slurm.conf.
 *
 * - All jobs of a partition that goes, also those that wait or are held, and those that named another one beside it. Slurm
 *   would end them as NODE_FAIL, and start them anew when a partition of that name comes back: so they are cancelled before.
 * - The same are jobs that require a node that goes, also those that wait. Others that run there go back into the queue,
 *   if they may. So they do where a node's sockets or cores become others: slurmctld aborts what runs there; and those that
 *   have GPUs where their number becomes another one.
 * - A node that leaves a partition is kept by jobs that run there. What waits and needs more nodes, other nodes, more time,
 *   another group, or more of a node (cores, memory, GPUs, features) than all its partitions have left waits for ever.
 * - Partitions that somebody made with scontrol go whenever slurmctld reads its files anew.
 *
 * Pure.
 *
 * @param before - `undefined` where the file was damaged by hand: then what jobs name was there
 * @param restarted - nodes that have to be free of jobs, because Slurm does not take the change with any
 */
export function jobsHit(
  before: string | undefined,
  after: string,
  jobs: readonly Job[],
  groupsOf: GroupsOf = () => [],
  restarted: readonly string[] = [],
): readonly Hit[] {
  const unfinished = jobs.filter((job) => !isOver(job));
  const now = parseSlurmConf(after);
  const old = before === undefined ? undefined : parseSlurmConf(before);
  const named = new Map(
    unfinished.flatMap(({ hosts, requiredHosts = [] }) => [...hosts, ...requiredHosts]).map((host) => [host, host]),
  );
  const change: Change = {
    old: old === undefined ? undefined : partitionsOf(old),
    now: partitionsOf(now),
    going: goneFrom(old?.nodes ?? named, now.nodes),
    reshaped: old === undefined ? new Set() : changedIn(old, now, shapeOf),
    equipped: old === undefined ? new Set() : changedIn(old, now, equipmentOf),
    restarted: new Set(restarted),
    groupsOf,
  };
  return unfinished.flatMap((job) => hitOf(job, change) ?? []);
}

/** What a change of slurm.conf takes away. */
export interface ScopesHit {
  /** Partitions that go. */
  readonly partitions: readonly string[];
  /** Nodes that go. */
  readonly going: readonly string[];
  /** Whether any job may be hit: only then anybody has to look for them. */
  readonly any: boolean;
}

/** What a change takes away, whatever jobs there are. Pure. */
export function scopesHit(before: string, after: string): ScopesHit {
  const [old, now] = [parseSlurmConf(before), parseSlurmConf(after)];
  const partitions = [...goneFrom(old.partitions, now.partitions)];
  const going = [...goneFrom(old.nodes, now.nodes)];
  const [was, is] = [partitionsOf(old), partitionsOf(now)];
  const narrower = [...is].some(([name, partition]) => {
    const earlier = was.get(name);
    return earlier !== undefined && isNarrower(earlier, partition);
  });
  const changed = [shapeOf, equipmentOf].some((what) => changedIn(old, now, what).size > 0);
  return { partitions, going, any: partitions.length + going.length > 0 || changed || narrower };
}

/** What becomes of jobs when machines go: some for good, others to be made anew under their names. Pure. */
export function jobsHitByMachines(
  jobs: readonly Job[],
  { forGood, anew }: { readonly forGood: readonly string[]; readonly anew: readonly string[] },
): readonly Hit[] {
  const [going, again] = [new Set(forGood), new Set(anew)];
  const hits = jobs.filter((job) => !isOver(job)).flatMap((job) => hitByNodes(job, going, again) ?? []);
  return withStranded(hits, jobs);
}

/**
 * The same, and those of the other jobs that wait for one of them: for the good end of what ends now, or for anything of
 * what will never start. Slurm lets them wait, as DependencyNeverSatisfied. Pure.
 */
export function withStranded(hits: readonly Hit[], jobs: readonly Job[]): readonly Hit[] {
  const waiting = jobs.filter(({ after = [] }) => after.length > 0);
  const all = [...hits];
  const known = new Set(hits.map(({ job }) => job));
  // Also those that wait for one that was added.
  for (const { job, fate, scope } of all) {
    if (fate === "requeues" || fate === "waited") continue;
    for (const other of waiting) {
      if (known.has(other) || other.after?.some((one) => isStrandedBy(one, job, fate)) !== true) continue;
      known.add(other);
      all.push({ job: other, fate: "waits", why: STRANDED, scope });
    }
  }
  return all;
}

const STRANDED = "they wait for jobs that will not end well (--dependency)";

/** Whether it is hit only because another is. */
export function isStranded({ why }: Hit): boolean {
  return why === STRANDED;
}

function isStrandedBy(after: string, job: Job, fate: Fate): boolean {
  const [how = "", id = ""] = after.split(":");
  if (fate !== "waits" && how !== "afterok" && how !== "aftercorr") return false;
  const whole = (one: string) => one.replace(/_.*$/, "");
  // All tasks of an array that wait are one job here.
  return id === job.id || (whole(id) === whole(job.id) && (!/_\d+$/.test(id) || !/_\d+$/.test(job.id)));
}

/** What people have to know of them, worst first. Pure. */
export function describeHits(hits: readonly Hit[]): readonly string[] {
  const groups = new Map<string, Hit[]>();
  for (const fate of ["cancelled", "ends", "requeues", "waits", "waited"] as const) {
    for (const hit of hits.filter((one) => one.fate === fate)) {
      const title = `jobs that ${FATES[fate]}: ${hit.why}`;
      groups.set(title, [...(groups.get(title) ?? []), hit]);
    }
  }
  return [...groups].flatMap(([title, group]) => [
    title,
    ...listJobs(group.map(({ job }) => job)).map((line) => `  ${line}`),
  ]);
}

const FATES: Readonly<Record<Fate, string>> = {
  cancelled: "would be cancelled",
  ends: "would end",
  requeues: "would go back into the queue and start anew",
  waits: "would wait for ever",
  waited: "are waited for",
};

interface Partition {
  readonly nodes: ReadonlySet<string>;
  readonly kinds: readonly NodeKind[];
  /** Minutes; absent: no limit. */
  readonly maxTime: number | undefined;
  /** Absent: everybody's. */
  readonly allowGroups: readonly string[] | undefined;
}

interface Change {
  /** Absent: nobody knows. */
  readonly old: ReadonlyMap<string, Partition> | undefined;
  readonly now: ReadonlyMap<string, Partition>;
  readonly going: ReadonlySet<string>;
  readonly reshaped: ReadonlySet<string>;
  /** Nodes that have more GPUs or fewer. */
  readonly equipped: ReadonlySet<string>;
  readonly restarted: ReadonlySet<string>;
  readonly groupsOf: GroupsOf;
}

function hitOf(job: Job, change: Change): Hit | undefined {
  const { now, going, reshaped, equipped, restarted } = change;
  const named = job.partition.split(",");
  const gone = named.find((name) => !now.has(name));
  if (gone !== undefined) return { job, fate: "cancelled", why: `partition ${gone} goes`, scope: `partition ${gone}` };
  const hit = hitByNodes(job, going, new Set());
  if (hit !== undefined) return hit;
  const aborted = job.hosts.find((host) => reshaped.has(host));
  if (aborted !== undefined) {
    const why = `the cores of ${foldHosts([...reshaped])} become others`;
    return { job, fate: job.requeue === true ? "requeues" : "ends", why, scope: `node ${aborted}` };
  }
  const mismatched = (job.perNode?.gres ?? []).length > 0 ? job.hosts.find((host) => equipped.has(host)) : undefined;
  if (mismatched !== undefined) {
    const why = `they have GPUs or the like, of which ${foldHosts([...equipped])} get another number`;
    return { job, fate: job.requeue === true ? "requeues" : "ends", why, scope: `node ${mismatched}` };
  }
  const drained = job.hosts.find((host) => restarted.has(host));
  if (drained !== undefined) {
    const why = "slurmd restarts on their nodes, which no job outlives";
    return { job, fate: job.requeue === true ? "requeues" : "ends", why, scope: `node ${drained}` };
  }
  return job.hosts.length > 0 ? undefined : waitingForEver(job, named, change);
}

function hitByNodes(job: Job, forGood: ReadonlySet<string>, anew: ReadonlySet<string>): Hit | undefined {
  const required = job.requiredHosts?.find((host) => forGood.has(host));
  if (required !== undefined) {
    return { job, fate: "cancelled", why: "they require a node that goes (--nodelist)", scope: `node ${required}` };
  }
  const lost = job.hosts.find((host) => forGood.has(host) || anew.has(host));
  if (lost === undefined) return undefined;
  const scope = `node ${lost}`;
  return job.requeue === true
    ? { job, fate: "requeues", why: "their nodes go", scope }
    : { job, fate: "ends", why: "their nodes go, and they may not be requeued", scope };
}

/** Only where every partition that it named had a place for it before, or one, and none has now. */
function waitingForEver(job: Job, named: readonly string[], { old, now, groupsOf }: Change): Hit | undefined {
  const reasons = named.map((name) => {
    const [before, after] = [old?.get(name), now.get(name)];
    const was = before === undefined ? undefined : misfit(job, name, before, groupsOf);
    return { name, was, is: after === undefined ? undefined : misfit(job, name, after, groupsOf) };
  });
  if (reasons.some(({ is }) => is === undefined) || reasons.every(({ was }) => was !== undefined)) return undefined;
  const fresh = reasons.find(({ was }) => was === undefined);
  return fresh?.is === undefined ? undefined : { job, fate: "waits", why: fresh.is, scope: `partition ${fresh.name}` };
}

/** Why a job that waits can have no place in a partition. */
function misfit(
  job: Job,
  name: string,
  { nodes, kinds, maxTime, allowGroups }: Partition,
  groupsOf: GroupsOf,
): string | undefined {
  const absent = job.requiredHosts?.filter((host) => !nodes.has(host)) ?? [];
  if (absent.length > 0) return `partition ${name} has no ${foldHosts(absent)}`;
  if (job.nodes !== undefined && job.nodes > nodes.size) return `partition ${name} has ${count(nodes.size, "node")}`;
  if (job.minutes !== undefined && maxTime !== undefined && job.minutes > maxTime) {
    return `partition ${name} allows ${maxTime} minutes`;
  }
  if (allowGroups !== undefined && !groupsOf(job.user).some((group) => allowGroups.includes(group))) {
    return `partition ${name} is for ${allowGroups.join(", ")}`;
  }
  return job.perNode === undefined ? undefined : lacking(job.perNode, name, kinds);
}

function isNarrower(before: Partition, after: Partition): boolean {
  return (
    [...before.nodes].some((node) => !after.nodes.has(node)) ||
    (after.maxTime ?? Infinity) < (before.maxTime ?? Infinity) ||
    before.kinds.some((kind) => !after.kinds.some((other) => isAsMuch(other, kind))) ||
    (after.allowGroups !== undefined &&
      before.allowGroups?.every((group) => after.allowGroups?.includes(group)) !== true)
  );
}

function partitionsOf({ partitions, nodes }: ParsedSlurmConf): ReadonlyMap<string, Partition> {
  return new Map(
    [...partitions].map(([name, fields]) => {
      const value = (key: string) => fields.get(key)?.value ?? "";
      const groups = value("allowgroups");
      const listed = value("nodes");
      const hosts = new Set(listed === "ALL" ? nodes.keys() : expandHosts(listed));
      return [
        name,
        {
          nodes: hosts,
          kinds: kindsOf(hosts, nodes),
          maxTime: minutesOf(value("maxtime")),
          allowGroups: groups === "" || groups === "ALL" ? undefined : groups.split(","),
        },
      ];
    }),
  );
}

function goneFrom(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  return new Set([...before.keys()].filter((name) => !after.has(name)));
}

type Fields = ReadonlyMap<string, { readonly value: string }>;

/** slurmctld compares this of what a job was given with what its nodes have. */
function shapeOf(fields: Fields): string {
  return ["sockets", "corespersocket"].map((key) => fields.get(key)?.value ?? "").join(" ");
}

/** This, too, of jobs that have any of it: `gpu 2`. Other types with the same number they outlive. */
function equipmentOf(fields: Fields): string {
  const counts = new Map<string, number>();
  for (const item of (fields.get("gres")?.value ?? "").split(",").filter(Boolean)) {
    const [, name = "", amount = "1"] = /^([^:]*)(?::.*?)??(?::(\d+))?$/.exec(item) ?? [];
    counts.set(name, (counts.get(name) ?? 0) + Number(amount));
  }
  return [...counts]
    .map((one) => one.join(" "))
    .sort()
    .join(",");
}

function changedIn(
  { nodes: before }: ParsedSlurmConf,
  { nodes: after }: ParsedSlurmConf,
  what: (fields: Fields) => string,
): ReadonlySet<string> {
  return new Set(
    [...after].flatMap(([host, fields]) => {
      const old = before.get(host);
      return old === undefined || what(old) === what(fields) ? [] : [host];
    }),
  );
}
