import { PRIVATE_DIRECTORY_SHELL } from "../../model/private-directory";
import { textBeside } from "../../package/text-beside";
import { assignments } from "./shell";

export const ENGINE_NAMES = ["podman", "docker"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The engine of that name, as a manifest or a synthesized stack tells it; `undefined` for whatever else that is. */
export function engineNamed(name: unknown): EngineName | undefined {
  return ENGINE_NAMES.find((known) => known === name);
}

/**
 * Bash text that finds this machine's container engine when it runs, and defines the function `engine`.
 *
 * `engine ARGS` is the engine's command line with every global flag that the host needs; `run`, `create` and `build` also get
 * resource limits that the host allows. Afterwards `$engine_name` is `podman` or `docker`.
 * It reads `$cluster` and `$engine_choice` (both may be empty) and ends the script with 69 or 77 and a message when there is no engine.
 */
export const ENGINE_PRELUDE: string = withDirectory(textBeside(__dirname, "engine.sh"));

/** Shell text in which `@PRIVATE_DIRECTORY@` stands for the directory of all clusters. */
export function withDirectory(text: string): string {
  return text.replaceAll("@PRIVATE_DIRECTORY@", () => PRIVATE_DIRECTORY_SHELL);
}

export interface EngineWanted {
  /** Use the engine that this cluster was made with, if it exists already. */
  readonly cluster?: string;
  /** What to use for clusters that do not exist yet, unless `OHPC_ENGINE` says otherwise. */
  readonly engine?: EngineName;
}

/** The prelude for one cluster. */
export function enginePrelude({ cluster = "", engine }: EngineWanted): string {
  return assignments({ cluster, engine_choice: engine ?? "" }) + ENGINE_PRELUDE;
}
