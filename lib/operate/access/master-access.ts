import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, MANIFEST_OUTPUT, readManifest } from "../../model/manifest";
import { privateDirectory } from "../../model/private-directory";
import type { Way } from "./master";
import type { Project, SynthesizedStack } from "../stack/project";

/** Host keys that were committed beside cdktf.json; they alone are accepted then. */
export function committedHostKeys(
  { directory }: Pick<Project, "directory">,
  { name }: Pick<SynthesizedStack, "name">,
): Pick<Way, "knownHosts"> {
  const knownHosts = join(directory, `${name}.known_hosts`);
  return existsSync(knownHosts) ? { knownHosts } : {};
}

/** The manifest of what is there now, if this version can read it: nobody needs it to replace or destroy. */
export function manifestIn(outputs: Readonly<Record<string, unknown>>): Manifest | undefined {
  try {
    return readManifest(outputs[MANIFEST_OUTPUT]);
  } catch {
    return undefined;
  }
}

/** The way to the master that is there now, if there is one. */
export function wayIn(
  outputs: Readonly<Record<string, unknown>>,
  stack: SynthesizedStack,
  project: Pick<Project, "directory">,
  env: NodeJS.ProcessEnv,
): Way | undefined {
  const manifest = manifestIn(outputs);
  if (manifest === undefined) return undefined;
  return {
    manifest,
    privateDirectory: privateDirectory(manifest.cluster, env),
    ...committedHostKeys(project, stack),
  };
}
