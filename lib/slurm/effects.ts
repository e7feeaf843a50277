import { foldHosts } from "./hostlist";
import { type ConfEntry, parseSlurmConf } from "./slurm-conf-parse";

/**
 * What a change does to a running cluster, from nothing to everything. `restart slurmctld and slurmd` drains nothing:
 * slurmctld restarts, and each slurmd makes a new process (scontrol reconfigure) or, for another port, is restarted by its node.
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

/** One difference between two versions of slurm.conf. */
export interface ConfChange {
  /** The key; for nodes and partitions with whose it is: `RealMemory of cpu-[1-4]`. */
  readonly key: string;
  /** Absent: the key was not there. */
  readonly before?: string;
  /** Absent: the key is gone. */
  readonly after?: string;
  readonly effect: Effect;
}

export interface ConfEffect {
  readonly effect: Effect;
  readonly changes: readonly ConfChange[];
}

interface EffectRow {
  readonly keys: readonly string[];
  readonly effect: Effect;
  /** Where it is said or was seen. */
  readonly source: string;
}

/**
 * All that is not in the table below.
 *
 * slurm.conf(5) of 24.11: changes take effect "upon restart of Slurm daemons … or execution of the command scontrol
 * reconfigure unless otherwise noted". scontrol(1): since 23.11 that command makes new processes, which read everything
 * anew and take over when they could start; running jobs go on. Seen with 24.11.5 for nodes added and removed,
 * RealMemory, TaskPlugin, SchedulerType, SelectType and SelectTypeParameters, though read_config.c still has messages
 * that refuse some of them.
 */
const OTHERWISE: Effect = "reconfigure";

const ROWS: readonly EffectRow[] = [
  {
    keys: ["ClusterName"],
    effect: "replace cluster",
    source: "seen: slurmctld stops with CLUSTER NAME MISMATCH; the accounting records belong to the old name",
  },
  {
    keys: ["SlurmctldPort", "SlurmdPort", "SlurmctldAddr"],
    effect: "drain and restart slurmd",
    source:
      "slurm.conf(5), scontrol(1): listening TCP ports need a restart; nodes know the controller's port from their start, and restart slurmd when their bundle has another one; seen with 24.11.5: batch jobs go on and end as usual, jobs of an srun that runs meanwhile stay until they are cancelled",
  },
  {
    keys: ["AuthType", "AuthAltTypes", "CredType", "CryptoType"],
    effect: "drain and restart slurmd",
    source:
      "slurm.conf(5): all daemons and commands must be terminated before; outstanding job steps are interrupted; seen: scontrol reconfigure is refused, so that slurmd has to be restarted by hand. Only AuthAltTypes is a user's to set",
  },
  {
    keys: ["SwitchType"],
    effect: "drain and restart slurmd",
    source: "slurm.conf(5): records of all jobs may be lost if there are any",
  },
  {
    keys: ["SlurmdSpoolDir", "SlurmdUser"],
    effect: "drain and restart slurmd",
    source: "slurm.conf(5): slurmd's own state and the scripts of running jobs lie there; neither is a user's to set",
  },
  {
    keys: ["ProctrackType", "JobAcctGatherType", "JobContainerType"],
    effect: "drain and restart slurmd",
    source:
      "steps that run are tracked by what they were started with; only JobContainerType is a user's to set; a new slurmd process with another way of tracking: not tried",
  },
  {
    keys: ["StateSaveLocation", "SlurmUser"],
    effect: "restart slurmctld",
    source:
      "slurm.conf(5): all jobs are stored there; it has to be moved, or given to its new owner, while slurmctld is down",
  },
];

const BY_KEY = new Map(ROWS.flatMap(({ effect, keys }) => keys.map((key) => [key.toLowerCase(), effect] as const)));

/** What carrying a changed slurm.conf to a running cluster takes, and why. Order, comments and folding of lines do not matter. */
export function effectOfSlurmConf(before: string, after: string): ConfEffect {
  const [old, now] = [parseSlurmConf(before), parseSlurmConf(after)];
  const changes = [
    ...settingChanges(old.settings, now.settings, (key) => key),
    ...nodeChanges(old.nodes, now.nodes),
    ...partitionChanges(old.partitions, now.partitions),
  ];
  return { effect: worstEffect(changes.map(({ effect }) => effect)), changes };
}

type Fields = ReadonlyMap<string, ConfEntry>;

function settingChanges(before: Fields, after: Fields, label: (key: string) => string): readonly ConfChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const [old, now] = [before.get(id), after.get(id)];
    if (old?.value === now?.value) return [];
    const key = label((now ?? old)?.key ?? id);
    return [change({ key, before: old?.value, after: now?.value, effect: BY_KEY.get(id) ?? OTHERWISE })];
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
    for (const difference of settingChanges(old, fields, (key) => key)) {
      const id = JSON.stringify(difference);
      const same = changed.get(id) ?? { hosts: [], change: difference };
      same.hosts.push(host);
      changed.set(id, same);
    }
  }
  return [
    ...(gone.length > 0 ? [change({ key: "NodeName", before: foldHosts(gone), effect: OTHERWISE })] : []),
    ...(added.length > 0 ? [change({ key: "NodeName", after: foldHosts(added), effect: OTHERWISE })] : []),
    ...[...changed.values()].map((same) => ({ ...same.change, key: `${same.change.key} of ${foldHosts(same.hosts)}` })),
  ];
}

function partitionChanges(
  before: ReadonlyMap<string, Fields>,
  after: ReadonlyMap<string, Fields>,
): readonly ConfChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    if (old === undefined) return [change({ key: "PartitionName", after: name, effect: OTHERWISE })];
    if (now === undefined) return [change({ key: "PartitionName", before: name, effect: OTHERWISE })];
    return settingChanges(old, now, (key) => `${key} of partition ${name}`);
  });
}

function change({
  after,
  before,
  effect,
  key,
}: {
  key: string;
  before?: string | undefined;
  after?: string | undefined;
  effect: Effect;
}): ConfChange {
  return { key, before, after, effect };
}
