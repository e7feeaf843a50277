import { z } from "zod";
import { runEngineScript } from "./engine";
import type { EngineOptions } from "./engine";
import { label, type LabelKey } from "./labels";

/** One machine of a cluster, as the engine sees it. */
export interface LocalContainer {
  /** Its name in the engine: `ohpc-demo-cpu-1`. */
  readonly name: string;
  readonly host: string;
  readonly role: string;
  readonly site: string;
  readonly address: string;
  readonly image: string;
  /** The hash of what it was run with. */
  readonly spec: string;
  readonly running: boolean;
  /** The engine's own word: `running`, `exited`, `created`, `paused`… */
  readonly status: string;
}

/** What of a cluster is in the engine. */
export interface EngineContents {
  readonly containers: readonly LocalContainer[];
  /** Names. */
  readonly networks: readonly string[];
  /** Names. */
  readonly volumes: readonly string[];
}

/**
 * The machines of a cluster, by host name.
 *
 * @throws EngineError
 */
export async function listContainers(cluster: string, options: EngineOptions = {}): Promise<readonly LocalContainer[]> {
  return parseContainers(
    await runEngineScript(LIST_CONTAINERS, [`label=${label("cluster")}=${cluster}`], { ...options, cluster }),
  );
}

/**
 * Everything that carries the cluster's label.
 *
 * @throws EngineError
 */
export async function engineContents(cluster: string, options: EngineOptions = {}): Promise<EngineContents> {
  const text = await runEngineScript(CONTENTS, [`label=${label("cluster")}=${cluster}`], { ...options, cluster });
  const [networks = "", volumes = "", containers = ""] = text.split("\f");
  return { containers: parseContainers(containers), networks: words(networks), volumes: words(volumes) };
}

/** Both engines understand it: `inspect` is where they agree. */
const LIST_CONTAINERS = `
ids=$(engine ps -aq --filter "$1")
# shellcheck disable=SC2086 # a list of identifiers
[ -z "$ids" ] || engine container inspect --format '[{{json .Name}},{{json .State.Status}},{{json .Config.Labels}}]' $ids
`;

const CONTENTS = `
engine network ls --format '{{.Name}}' --filter "$1"
printf '\\f'
engine volume ls --format '{{.Name}}' --filter "$1"
printf '\\f'
${LIST_CONTAINERS}`;

const inspectedSchema = z.tuple([z.string(), z.string(), z.record(z.string(), z.string())]);

function parseContainers(text: string): readonly LocalContainer[] {
  return words(text)
    .map((line) => {
      const [name, status, labels] = inspectedSchema.parse(JSON.parse(line));
      const of = (key: LabelKey) => labels[label(key)] ?? "";
      return {
        // docker's names begin with a slash.
        name: name.replace(/^\//, ""),
        host: of("host"),
        role: of("role"),
        site: of("site"),
        address: of("address"),
        image: of("image"),
        spec: of("spec"),
        running: status === "running",
        status,
      };
    })
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}

function words(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
