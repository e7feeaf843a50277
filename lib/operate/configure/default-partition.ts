import type { ClusterSpec } from "../../model/cluster-spec";
import type { ClusterView } from "../../model/cluster-view";
import { expandHosts } from "../../slurm/hostlist";
import { isWholeSlurmConf, parseSlurmConf } from "../../slurm/slurm-conf-parse";
import { Failure } from "../feedback/failure";
import type { PlannedStep } from "./run-steps";
import type { SlurmConfState } from "./steps/slurm-conf";

/** Where jobs go that name no partition. */
interface DefaultPartition {
  readonly name: string;
  /** As slurm.conf has them. */
  readonly nodes: string;
}

/** That jobs which name no partition would go somewhere else. */
export interface MovedDefault {
  readonly from: DefaultPartition;
  readonly to: DefaultPartition;
}

/**
 * Refuses a plan by which jobs that name no partition would go to other nodes without anybody having said so.
 *
 * @throws Failure of kind `usage`
 */
export function refuseMovedDefault(plan: readonly PlannedStep[], { spec }: Pick<ClusterView, "spec">): void {
  const step = plan.find(({ step: { id } }) => id === "slurm-conf");
  const before = (step?.before as SlurmConfState | null | undefined)?.["slurm.conf"];
  const after = (step?.after as SlurmConfState | undefined)?.["slurm.conf"];
  if (typeof before !== "string" || typeof after !== "string") return;
  const moved = movedDefault(before, after, spec);
  if (moved === undefined) return;
  const { from, to } = moved;
  throw new Failure("usage", `jobs that name no partition would go to ${shown(to)} instead of ${shown(from)}`, {
    code: "partition.default-moved",
    cause:
      "no partition of the stack says that it is the default one, and the first that may be is another than before",
    remedy: `say so in the one that is to be it, e.g. partition: { name: ${JSON.stringify(to.name)}, default: true }; nothing was changed`,
  });
}

/**
 * Where jobs that name no partition would go by another slurm.conf, if that is another partition with none of the nodes
 * that they had, and the stack has not said so itself. There is none where all partitions refuse to be it, or no pool is
 * left. Pure.
 */
export function movedDefault(before: string, after: string, { partitions }: ClusterSpec): MovedDefault | undefined {
  if (!isWholeSlurmConf(before)) return undefined;
  const [from, to] = [defaultOf(before), defaultOf(after)];
  if (from === undefined || to === undefined || from.name === to.name) return undefined;
  if (partitions.some(({ name, explicitDefault }) => name === to.name && explicitDefault === true)) return undefined;
  const had = new Set(expandHosts(from.nodes));
  return expandHosts(to.nodes).some((host) => had.has(host)) ? undefined : { from, to };
}

/** Of several, Slurm takes the last. */
function defaultOf(slurmConf: string): DefaultPartition | undefined {
  const { nodes: all, partitions } = parseSlurmConf(slurmConf);
  const found = [...partitions].findLast(([, fields]) => /^(yes|true|up|1)$/i.test(fields.get("default")?.value ?? ""));
  if (found === undefined) return undefined;
  const [name, fields] = found;
  const nodes = fields.get("nodes")?.value ?? "";
  return { name, nodes: nodes === "ALL" ? [...all.keys()].join(",") : nodes };
}

function shown({ name, nodes }: DefaultPartition): string {
  return `"${name}" (${nodes})`;
}
