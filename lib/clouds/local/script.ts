import { textBeside } from "../../package/text-beside";
import { ENGINE_PRELUDE, withDirectory } from "./engine-prelude";
import type { EngineName } from "./engine-prelude";
import { LABEL } from "./labels";
import { assignments } from "./shell";

/** The scripts beside this file, without their ending. Those that end in `-down` lie in Terraform's state. */
export type ScriptName =
  | "network-up"
  | "network-down"
  | "sweep-up"
  | "volume-up"
  | "volume-down"
  | "machine-up"
  | "machine-down"
  | "power"
  | "mark"
  | "leftovers";

/** What every script needs to know. */
export interface ScriptContext {
  readonly cluster: string;
  readonly site: string;
  readonly engine?: EngineName | undefined;
}

type Variables = Readonly<Record<string, string | readonly string[]>>;

/** Behind every other route, so that it counts only while the bridge is absent. */
export const GUARD_METRIC = "4000000000";

/**
 * A whole bash script that needs no file of ours: a `-down` script must still run when this version is gone.
 *
 * @param variables what the script reads, see its first lines
 */
export function script(name: ScriptName, { cluster, site, engine }: ScriptContext, variables: Variables): string {
  const header = assignments({ cluster, site, engine_choice: engine ?? "", label: LABEL, ...variables });
  const parts = name.endsWith("-down") ? [withDirectory(read("recorded"))] : [ENGINE_PRELUDE, read("common")];
  return ["set -euo pipefail\n", header, ...[...parts, read(name)].map(withoutComments)].join("");
}

function read(name: ScriptName | "common" | "recorded"): string {
  return textBeside(__dirname, `${name}.sh`);
}

/** Whole lines of comment and empty ones: the scripts are shown in every plan. */
function withoutComments(text: string): string {
  return text.replace(/^ *(#.*)?\n/gm, "");
}
