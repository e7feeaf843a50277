import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { SOURCES_FILE } from "../../model/schema-numbers";
import { parseJson, type Project } from "./project";
import type { SynthesizedStack } from "./synthesis";

/** Files that the app read for the stack's cluster and that are not any more what they were when it was synthesized. */
export function changedSources(project: Project, stack: SynthesizedStack): readonly string[] {
  const file = join(stack.directory, SOURCES_FILE);
  // A version of the library that did not write it yet.
  if (!existsSync(file)) return [];
  const sources = sourcesSchema.parse(parseJson(readFileSync(file, "utf8"), file));
  return Object.entries(sources).flatMap(([path, hash]) => {
    const source = resolve(project.directory, path);
    const now = existsSync(source) ? createHash("sha256").update(readFileSync(source, "utf8")).digest("hex") : "";
    return now === hash ? [] : [path];
  });
}

const sourcesSchema = z.record(z.string(), z.string());
