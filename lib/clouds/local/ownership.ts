import { z } from "zod";
import { type EngineOptions, runBash, runEngineScript } from "./engine";
import { type Expected, resourcesIn } from "./drift";
import { label } from "./labels";
import { script } from "./script";

/** Whose a cluster is that may be in the engine. */
export interface Ownership {
  /** Marks of the states that it belongs to: one, or none of what nobody has marked. */
  readonly marks: readonly string[];
  /** Where it was last marked; for people. */
  readonly folder: string;
  /** Hosts whose machines are there. */
  readonly hosts: readonly string[];
  /** Whether anything of it is there, data included. */
  readonly there: boolean;
}

/** What a Terraform state knows of the cluster. */
export interface Claimant {
  /** The state's own mark; `undefined` until it has been applied once. */
  readonly owner: string | undefined;
  /** Marks with which it has made what it knows. */
  readonly marks: readonly string[];
  /** Whether it knows machines of the cluster. */
  readonly machines: boolean;
}

/**
 * Whose the cluster is, by what the engine has of it.
 *
 * @throws EngineError
 */
export async function ownershipOf(cluster: string, options: EngineOptions = {}): Promise<Ownership> {
  const text = await runEngineScript(
    OWNERSHIP,
    [`label=${label("cluster")}=${cluster}`, `label=${label("owned")}=${cluster}`, label("folder"), label("host")],
    { ...options, cluster },
  );
  const [marks = "", folder = "", hosts = "", others = ""] = text.split("\f");
  const machines = words(hosts);
  return {
    marks: words(marks).map((name) => name.replace(markName(cluster, ""), "")),
    // A folder's name is its owner's to choose; what would spoil a terminal is left out.
    folder: words(folder).find((line) => /^\/[\x20-\x7e]*$/.test(line)) ?? "",
    hosts: machines.filter((host) => /^[a-z0-9-]+$/.test(host)).sort(),
    there: machines.length + words(others).length > 0,
  };
}

/** Both engines understand it. What is asked of no container, volume or network is not asked. */
const OWNERSHIP = String.raw`
marks=$(engine volume ls -q --filter "$2")
printf '%s\f' "$marks"
# shellcheck disable=SC2086 # a list of names
[ -z "$marks" ] || engine volume inspect --format "{{index .Labels \"$3\"}}" $marks
printf '\f'
ids=$(engine ps -aq --filter "$1")
# shellcheck disable=SC2086 # a list of identifiers
[ -z "$ids" ] || engine container inspect --format "{{index .Config.Labels \"$4\"}}" $ids
printf '\f'
engine volume ls -q --filter "$1"
engine network ls -q --filter "$1"
`;

/**
 * The marks of a cluster, and nothing else of it.
 *
 * @throws EngineError
 */
export async function marksOf(cluster: string, options: EngineOptions = {}): Promise<readonly string[]> {
  const names = await runEngineScript(`engine volume ls -q --filter "$1"`, [`label=${label("owned")}=${cluster}`], {
    ...options,
    cluster,
  });
  return words(names).map((name) => name.replace(markName(cluster, ""), ""));
}

/** What a state (as `terraform show -json` tells it) knows of the cluster. */
export function claimantIn(state: unknown, cluster: string, expected: readonly Expected[]): Claimant {
  const owners = resourcesIn(state).flatMap(({ values }) => {
    const parsed = ownerSchema.safeParse(values);
    return parsed.success && parsed.data.input.cluster === cluster ? [parsed.data.id] : [];
  });
  const known = expected.filter((one) => one.cluster === cluster);
  const [owner] = owners;
  return {
    owner,
    marks: [...new Set([...owners, ...known.flatMap((one) => one.owner ?? [])])],
    machines: known.some(({ kind }) => kind === "machine"),
  };
}

const ownerSchema = z.object({ id: z.string(), input: z.object({ kind: z.literal("owner"), cluster: z.string() }) });

/**
 * How a state stands to a cluster. `settled`: it is the state's, and marked so, or nothing is there. `claimed`: it is the
 * state's, but not marked so: it was made before there were marks, or the state has lost its own, or a Terraform that was
 * killed never wrote it down. `strange`: it is another's. Pure.
 *
 * @param directory where the state's stack lies
 */
export function standing(
  { folder, marks, there }: Ownership,
  claimant: Claimant,
  directory: string,
): "settled" | "claimed" | "strange" {
  if (!there) return "settled";
  const [mark] = marks;
  if (mark === undefined) return claimant.machines ? "claimed" : "strange";
  if (marks.length === 1 && mark === claimant.owner) return "settled";
  const here = marks.length === 1 && folder === directory;
  return here || marks.every((one) => claimant.marks.includes(one)) ? "claimed" : "strange";
}

/**
 * Marks a cluster that is there as a state's, and as no other's.
 *
 * @throws EngineError
 */
export async function markCluster(cluster: string, owner: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await runBash(script("mark", { cluster, site: "" }, { owner }), `mark ${cluster} as this folder's`, { env });
}

/** Lets a state's scripts work on a cluster that is not marked as its own, while a plan is carried out that somebody agreed to. */
export function takingOver(cluster: string): Readonly<Record<string, string>> {
  return { OHPC_TAKE_OVER: cluster };
}

function markName(cluster: string, owner: string): string {
  return `ohpc-${cluster}-owner-${owner}`;
}

function words(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
