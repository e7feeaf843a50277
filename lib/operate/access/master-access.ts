import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, MANIFEST_OUTPUT, readManifest } from "../../model/manifest";
import { privateDirectory } from "../../model/private-directory";
import type { Project } from "../stack/project";
import type { SynthesizedStack } from "../stack/synthesis";

/** How the operator gets to the master of a cluster that is there. */
export interface MasterAccess {
  readonly manifest: Manifest;
  /** Where the operator's keys of the cluster lie. */
  readonly privateDirectory: string;
  /** Host keys that were committed beside cdktf.json; they alone are accepted then. */
  readonly knownHosts?: string;
}

/** Host keys that were committed beside cdktf.json; they alone are accepted then. */
export function committedHostKeys(
  { directory }: Pick<Project, "directory">,
  { name }: Pick<SynthesizedStack, "name">,
): Pick<MasterAccess, "knownHosts"> {
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

/** Access to the master that is there now, if there is one. */
export function masterAccessIn(
  outputs: Readonly<Record<string, unknown>>,
  stack: SynthesizedStack,
  project: Pick<Project, "directory">,
  env: NodeJS.ProcessEnv,
): MasterAccess | undefined {
  const manifest = manifestIn(outputs);
  if (manifest === undefined) return undefined;
  return {
    manifest,
    privateDirectory: privateDirectory(manifest.cluster, env),
    ...committedHostKeys(project, stack),
  };
}
