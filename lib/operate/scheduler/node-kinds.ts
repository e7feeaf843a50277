import type { ParsedSlurmConf } from "../../slurm/slurm-conf-parse";
import { count } from "../feedback/count";
import type { NodeNeeds } from "./jobs";

/** What the nodes of one line of slurm.conf have. */
export interface NodeKind {
  readonly cpus: number;
  readonly mebibytes: number;
  readonly features: ReadonlySet<string>;
  /** How many by name: `gpu`, and `gpu:a100`. */
  readonly gres: ReadonlyMap<string, number>;
}

/** Each kind once that there is among some nodes. Pure. */
export function kindsOf(hosts: ReadonlySet<string>, nodes: ParsedSlurmConf["nodes"]): readonly NodeKind[] {
  const kinds = new Map<string, NodeKind>();
  for (const host of hosts) {
    const value = (key: string) => nodes.get(host)?.get(key)?.value ?? "";
    const keys = ["sockets", "corespersocket", "threadspercore", "realmemory", "feature", "gres"];
    const id = keys.map(value).join(" ");
    if (kinds.has(id)) continue;
    const number = (key: string) => Number(value(key) || 1);
    const gres = new Map<string, number>();
    for (const item of value("gres").split(",").filter(Boolean)) {
      const [name = "", ...rest] = item.split(":");
      const amount = /^\d+$/.test(rest.at(-1) ?? "") ? Number(rest.pop()) : 1;
      for (const one of [name, ...(rest.length > 0 ? [`${name}:${rest.join(":")}`] : [])]) {
        gres.set(one, (gres.get(one) ?? 0) + amount);
      }
    }
    kinds.set(id, {
      cpus: number("sockets") * number("corespersocket") * number("threadspercore"),
      mebibytes: number("realmemory"),
      features: new Set(value("feature").split(",")),
      gres,
    });
  }
  return [...kinds.values()];
}

/** What no node of a partition has that a job needs of each of its own. */
export function lacking(
  { cpus, mebibytes, gres, features }: NodeNeeds,
  name: string,
  kinds: readonly NodeKind[],
): string | undefined {
  const nobody = `no node of partition ${name} has`;
  if (!kinds.some((kind) => kind.cpus >= cpus)) return `${nobody} ${count(cpus, "core")}`;
  if (!kinds.some((kind) => kind.mebibytes >= mebibytes)) return `${nobody} ${mebibytes} MiB`;
  const absent = gres.find((wanted) => !kinds.some((kind) => (kind.gres.get(wanted.name) ?? 0) >= wanted.count));
  if (absent !== undefined) return `${nobody} ${absent.count} ${absent.name}`;
  return featuresFit(features, kinds) ? undefined : `${nobody} the features ${features}`;
}

/** Of alternatives one will do, which is as much as can be told without Slurm's own grammar. */
function featuresFit(wanted: string, kinds: readonly NodeKind[]): boolean {
  const words = wanted.replace(/\*\d+/g, "").match(/[\w.=-]+/g) ?? [];
  const there = (word: string) => kinds.some(({ features }) => features.has(word));
  if (words.length === 0) return true;
  if (wanted.includes("|")) return words.some(there);
  if (wanted.includes("[")) return words.every(there);
  return kinds.some(({ features }) => words.every((word) => features.has(word)));
}

/** Whether all that fits nodes of one kind fits those of another. */
export function isAsMuch(after: NodeKind, before: NodeKind): boolean {
  return (
    after.cpus >= before.cpus &&
    after.mebibytes >= before.mebibytes &&
    [...before.features].every((feature) => after.features.has(feature)) &&
    [...before.gres].every(([name, amount]) => (after.gres.get(name) ?? 0) >= amount)
  );
}
