import { lazy } from "../package/lazy";
import { textBeside } from "../package/text-beside";
import { foldHosts } from "./hostlist";
import { type ConfEntry, parseSlurmConf } from "./slurm-conf-parse";

/**
 * What a change does to a running cluster, from nothing to everything. With `drain and restart slurmd` no job may be left on
 * the nodes: Slurm would lose it, or not take the change. With all that is weaker jobs go on.
 */
export const EFFECTS = [
  "none",
  "live",
  "reconfigure",
  "restart slurmctld",
  "drain and restart slurmd",
  "replace node",
  "replace cluster",
] as const;
export type Effect = (typeof EFFECTS)[number];

/** The one that includes all others; `none` if there are none. */
export function worstEffect(effects: Iterable<Effect>): Effect {
  return EFFECTS[Math.max(0, ...[...effects].map((effect) => EFFECTS.indexOf(effect)))] ?? "none";
}

/** What has a key: all of the cluster, a node or a partition. */
export type ConfScope = "cluster" | "node" | "partition";

/** One difference between two versions of slurm.conf. */
export interface ConfChange {
  /** The key; for nodes and partitions with whose it is: `RealMemory of cpu-[1-4]`. */
  readonly key: string;
  /** Absent: the key was not there. */
  readonly before?: string;
  /** Absent: the key is gone. */
  readonly after?: string;
  readonly effect: Effect;
  /** How that is known, for people: what was seen, or what the manual says. */
  readonly why: string;
}

export interface ConfEffect {
  readonly effect: Effect;
  readonly changes: readonly ConfChange[];
}

/** The effect of a key, and how it is known. */
export type KeyEffect = Pick<ConfChange, "effect" | "why">;

/**
 * Of all that is not in the table. scontrol(1): since 23.11 reconfigure makes new processes, which read everything anew and
 * take over when they could start.
 */
const OTHERWISE: KeyEffect = {
  effect: "reconfigure",
  why: "slurm.conf(5): upon restart of the daemons or scontrol reconfigure, unless otherwise noted",
};

/** What is known of each key that has a line in the table, which `scripts/measure-effects.ts` writes. */
export interface EffectTable {
  /** Of Slurm, and the day. */
  readonly measured: string;
  effectOf(of: ConfScope, key: string, change: { readonly goes: boolean }): KeyEffect;
}

const table = lazy(() => parseEffects(textBeside(__dirname, "effects.tsv")));

/** Of Slurm and of which day the table of effects is: `Slurm 24.11.5, 2026-11-27`. */
export function effectsMeasured(): string {
  return table().measured;
}

/** @throws Error if a line is not of the table's form */
export function parseEffects(text: string): EffectTable {
  const [first = "", , ...rows] = text.split("\n").filter((line) => line !== "");
  const known = new Map(rows.map(parseRow));
  return {
    measured: /^# measured: ([^;]*)/.exec(first)?.[1] ?? "",
    effectOf: (of, key, change) => known.get(idOf(of, key, change.goes)) ?? OTHERWISE,
  };
}

function parseRow(line: string): readonly [string, KeyEffect] {
  const [of = "", key = "", , to, taken = "", inForce = "", , atReconfigure, atSlurmctld, atSlurmd, name, given] =
    line.split("\t");
  const effect = EFFECTS.find((one) => one === name);
  if (effect === undefined || given === undefined)
    throw new Error(`not a line of the effects: ${JSON.stringify(line)}`);
  const fates = [
    ["reconfigure", "", atReconfigure],
    ["restart slurmctld", "when slurmctld restarts: ", atSlurmctld],
    ["drain and restart slurmd", "when slurmd restarts: ", atSlurmd],
  ] as const;
  // What weaker effects do to jobs is of no interest where they are not what is done.
  const lost = fates.flatMap(([does, when, fate = ""]) =>
    fate === "go on" || (effect !== does && effect !== "drain and restart slurmd") ? [] : [`${when}${fate}`],
  );
  const seen = [
    `seen: scontrol reconfigure ${{ taken: "takes it", refused: "refuses it" }[taken] ?? "ends slurmctld"}`,
    ...(inForce.startsWith("restart ") ? [`in force after a ${inForce.replace(" ", " of ")}`] : []),
    ...(lost.length === 0 ? ["jobs go on"] : lost),
  ];
  return [idOf(of, key, to === ""), { effect, why: given === "" ? seen.join("; ") : given }];
}

/** Nodes and partitions come and go, each with an effect of its own. */
function idOf(of: string, key: string, goes: boolean): string {
  const name = key.toLowerCase();
  return `${of} ${name}${goes && (name === "nodename" || name === "partitionname") ? " goes" : ""}`;
}

/** What carrying a changed slurm.conf to a running cluster takes, and why. Order, comments and folding of lines do not matter. */
export function effectOfSlurmConf(before: string, after: string): ConfEffect {
  const [old, now] = [parseSlurmConf(before), parseSlurmConf(after)];
  const changes = [
    ...settingChanges("cluster", old.settings, now.settings, (key) => key),
    ...nodeChanges(old.nodes, now.nodes),
    ...partitionChanges(old.partitions, now.partitions),
  ];
  return { effect: worstEffect(changes.map(({ effect }) => effect)), changes };
}

type Fields = ReadonlyMap<string, ConfEntry>;

function settingChanges(
  of: ConfScope,
  before: Fields,
  after: Fields,
  label: (key: string) => string,
): readonly ConfChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const [old, now] = [before.get(id), after.get(id)];
    if (old?.value === now?.value) return [];
    const key = (now ?? old)?.key ?? id;
    return [{ ...change(of, key, old?.value, now?.value), key: label(key) }];
  });
}

/** Nodes that came and went as hostlists; what changed of the others, once for all with the same change. */
function nodeChanges(before: ReadonlyMap<string, Fields>, after: ReadonlyMap<string, Fields>): readonly ConfChange[] {
  const gone = [...before.keys()].filter((host) => !after.has(host));
  const added = [...after.keys()].filter((host) => !before.has(host));
  const changed = new Map<string, { hosts: string[]; change: ConfChange }>();
  for (const [host, fields] of after) {
    const old = before.get(host);
    if (old === undefined) continue;
    for (const difference of settingChanges("node", old, fields, (key) => key)) {
      const id = JSON.stringify(difference);
      const same = changed.get(id) ?? { hosts: [], change: difference };
      same.hosts.push(host);
      changed.set(id, same);
    }
  }
  return [
    ...(gone.length > 0 ? [change("node", "NodeName", foldHosts(gone), undefined)] : []),
    ...(added.length > 0 ? [change("node", "NodeName", undefined, foldHosts(added))] : []),
    ...[...changed.values()].map((same) => ({ ...same.change, key: `${same.change.key} of ${foldHosts(same.hosts)}` })),
  ];
}

function partitionChanges(
  before: ReadonlyMap<string, Fields>,
  after: ReadonlyMap<string, Fields>,
): readonly ConfChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    if (old === undefined) return [change("partition", "PartitionName", undefined, name)];
    if (now === undefined) return [change("partition", "PartitionName", name, undefined)];
    return settingChanges("partition", old, now, (key) => `${key} of partition ${name}`);
  });
}

function change(of: ConfScope, key: string, before: string | undefined, after: string | undefined): ConfChange {
  const { effect, why } = table().effectOf(of, key, { goes: after === undefined });
  return { key, before, after, effect, why };
}
