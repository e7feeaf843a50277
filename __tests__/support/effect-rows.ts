import { type Action, ACTIONS, effectSeen, type Observation, type Trial } from "./effect-probe";

/** The columns of `lib/slurm/effects.tsv`. */
export const COLUMNS: readonly string[] = [
  "of",
  "key",
  "from",
  "to",
  "reconfigure",
  "in force after",
  "slurmd after reconfigure",
  ...ACTIONS.map((action) => `jobs at ${action}`),
  "effect",
  "why",
];

export function rowOf(trial: Trial, seen: Observation): readonly string[] {
  const { of = "cluster", key } = trial;
  const jobs = ACTIONS.map((action) => seen.jobs[action]);
  const { from, to, reconfigure, inForce, node } = seen;
  return [of, key, from, to, reconfigure, inForce, node, ...jobs, effectSeen(seen, trial), trial.atLeast?.why ?? ""];
}

/** What a row says was seen; `undefined` if it was not tried. */
export function seenIn(row: readonly string[]): Observation | undefined {
  const at = (column: string) => row[COLUMNS.indexOf(column)] ?? "";
  if (at("reconfigure") === "") return undefined;
  return {
    from: at("from"),
    to: at("to"),
    reconfigure: at("reconfigure") as Observation["reconfigure"],
    inForce: at("in force after") as Observation["inForce"],
    node: at("slurmd after reconfigure") as Observation["node"],
    jobs: Object.fromEntries(ACTIONS.map((action) => [action, at(`jobs at ${action}`)])) as Record<Action, string>,
  };
}

export function rowsOf(table: string): readonly (readonly string[])[] {
  const [, ...rows] = table.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return rows.map((row) => row.split("\t"));
}
