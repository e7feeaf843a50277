import type { PartitionSpec } from "../model/cluster-spec";
import { partitionNameProblems } from "../model/names";
import type { Problem } from "../model/problems";
import { DURATION, FLAG, needed, type PropertyNames, TEXT, TEXTS } from "../model/properties";
import { Duration } from "../units";

/** How jobs get at a pool's nodes. Pools that name the same partition share it. */
export interface PartitionOptions {
  /**
   * Slurm's name of the partition.
   *
   * @onChange reconfigures Slurm; all jobs of the old partition are cancelled, those that wait, too: `ohpc` names them and asks
   */
  readonly name: string;

  /**
   * Whether jobs that name no partition go here.
   *
   * @default - the partition of the first pool that is not a GPU pool, or of the first pool, is the default one;
   * `false` keeps this one from being chosen
   * @onChange reconfigures Slurm; jobs that wait or run stay where they are. `ohpc` refuses to move the default to other nodes
   * where no partition says that it is to be it
   */
  readonly default?: boolean;

  /**
   * The longest that a job may run: at most 24855 days.
   *
   * @default - no limit
   * @onChange reconfigures Slurm; jobs that run go on. Those that wait and ask for more wait for ever: `ohpc` names them and asks
   */
  readonly maxTime?: Duration;

  /**
   * How long a job may run that does not say.
   *
   * @default - maxTime
   * @onChange reconfigures Slurm; jobs that run go on
   */
  readonly defaultTime?: Duration;

  /**
   * Unix groups whose members may submit.
   *
   * @default - everybody may
   * @onChange reconfigures Slurm; jobs that run go on. Those of others that wait, wait for ever: `ohpc` names them and asks
   */
  readonly allowGroups?: readonly string[];

  /**
   * Whether each job has its nodes for itself.
   *
   * @default false
   * @onChange reconfigures Slurm; jobs that run go on
   */
  readonly exclusive?: boolean;
}

export const PARTITION_NAMES = {
  name: needed(TEXT),
  default: FLAG,
  maxTime: DURATION,
  defaultTime: DURATION,
  allowGroups: TEXTS,
  exclusive: FLAG,
} satisfies PropertyNames<PartitionOptions>;

/** Slurm reads time limits as seconds of 31 bits. */
const LONGEST = Duration.days(24_855);

/** One name in a list of slurm.conf. */
const GROUP = /^[^\s,"#\\]([^\r\n,"#\\]*[^\s,"#\\])?$/;

type Settings = Omit<PartitionSpec, "name" | "pools" | "default" | "explicitDefault">;

/** What one pool says of its partition. */
export interface PartitionClaim {
  readonly pool: string;
  readonly hasGpus: boolean;
  readonly partition: string;
  readonly isDefault?: boolean;
  /** Absent when the pool only names the partition. */
  readonly settings?: Settings;
}

export function partitionClaim(pool: string, hasGpus: boolean, partition: string | PartitionOptions): PartitionClaim {
  if (typeof partition === "string") return { pool, hasGpus, partition };
  const { name, default: isDefault, maxTime, defaultTime, allowGroups, exclusive = false } = partition;
  return {
    pool,
    hasGpus,
    partition: name,
    isDefault,
    settings: {
      maxTime: maxTime?.toSlurm(),
      defaultTime: defaultTime?.toSlurm(),
      allowGroups: allowGroups === undefined ? undefined : [...allowGroups],
      exclusive,
    },
  };
}

/** What is wrong with a partition by itself. */
export function partitionProblems(partition: string | PartitionOptions): readonly Problem[] {
  if (typeof partition === "string") return partitionNameProblems(partition);
  const { name, maxTime, defaultTime, allowGroups } = partition;
  const problems: Problem[] = [...partitionNameProblems(name, "partition.name")];
  for (const [key, time] of Object.entries({ maxTime, defaultTime })) {
    if (time !== undefined && time.toSeconds() < 60) {
      problems.push({
        at: `partition.${key}`,
        got: time.toString(),
        want: "at least one minute, in which Slurm counts time limits",
      });
    }
    if (time !== undefined && time.toSeconds() > LONGEST.toSeconds()) {
      problems.push({
        at: `partition.${key}`,
        got: time.toString(),
        want: `at most ${LONGEST.toSlurm()}, which is the longest that Slurm reads`,
        hint: "leave maxTime out for no limit",
      });
    }
  }
  if (maxTime !== undefined && defaultTime !== undefined && defaultTime.toSeconds() > maxTime.toSeconds()) {
    problems.push({
      at: "partition.defaultTime",
      got: defaultTime.toSlurm(),
      want: `at most maxTime, which is ${maxTime.toSlurm()}`,
    });
  }
  if (allowGroups?.length === 0) {
    problems.push({
      at: "partition.allowGroups",
      got: allowGroups,
      want: "at least one group",
      hint: "leave it out to let everybody submit",
    });
  }
  return [...problems, ...(allowGroups ?? []).flatMap(groupProblems)];
}

function groupProblems(group: string, index: number): readonly Problem[] {
  const at = `partition.allowGroups[${index}]`;
  if (group.toLowerCase() === "all") {
    const hint = "Slurm reads it as everybody: leave allowGroups out for that";
    return [{ at, got: group, want: "the name of a group", hint }];
  }
  const want = 'the name of one group, without , " # or \\ in it';
  return GROUP.test(group) ? [] : [{ at, got: group, want }];
}

/** Where what a pool says contradicts what pools before it have said. */
export function partitionConflicts(claim: PartitionClaim, earlier: readonly PartitionClaim[]): readonly Problem[] {
  const problems: Problem[] = [];
  const otherDefault = earlier.find((other) => other.isDefault === true && other.partition !== claim.partition);
  if (claim.isDefault === true && otherDefault !== undefined) {
    const want = `left out, because pool "${otherDefault.pool}" makes "${otherDefault.partition}" the default partition`;
    problems.push({ at: "partition.default", got: true, want });
  }
  const said = (other: PartitionClaim) => JSON.stringify({ ...other.settings, default: other.isDefault });
  const different = earlier.find(
    (other) => other.partition === claim.partition && other.settings !== undefined && said(other) !== said(claim),
  );
  if (claim.settings !== undefined && different !== undefined) {
    const want = `what pool "${different.pool}" says of the same partition`;
    problems.push({
      at: "partition",
      got: JSON.parse(said(claim)),
      want,
      hint: `write partition: "${claim.partition}" to join it`,
    });
  }
  return problems;
}

/** The partitions of a cluster, in the order in which their first pools were declared. */
export function partitionsOf(claims: readonly PartitionClaim[]): PartitionSpec[] {
  const standard = defaultPartition(claims);
  return [...new Set(claims.map((claim) => claim.partition))].map((name) => {
    const own = claims.filter((claim) => claim.partition === name);
    const settings = own.find((claim) => claim.settings !== undefined)?.settings ?? { exclusive: false };
    const explicitDefault = own.some((claim) => claim.isDefault === true) ? true : undefined;
    return { name, pools: own.map((claim) => claim.pool), default: name === standard, explicitDefault, ...settings };
  });
}

/** The one that says so; else the first of a pool without GPUs, which jobs should not land on by accident; else the first. */
function defaultPartition(claims: readonly PartitionClaim[]): string | undefined {
  const chosen = claims.find((claim) => claim.isDefault === true);
  const refusing = new Set(claims.filter((claim) => claim.isDefault === false).map((claim) => claim.partition));
  const candidates = claims.filter((claim) => !refusing.has(claim.partition));
  return (chosen ?? candidates.find((claim) => !claim.hasGpus) ?? candidates[0])?.partition;
}
