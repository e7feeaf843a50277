import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { SOURCES_FILE } from "../../model/schema-numbers";
import { parseJson, type Project } from "./project";
import type { SynthesizedStack } from "./synthesis";

/** Files that the app read for the stack's cluster when it was synthesized, by their paths below the project, with the SHA-256 of each. */
export function sourcesOf(stack: SynthesizedStack): Readonly<Record<string, string>> {
  const file = join(stack.directory, SOURCES_FILE);
  // A version of the library that did not write it yet.
  return existsSync(file) ? sourcesSchema.parse(parseJson(readFileSync(file, "utf8"), file)) : {};
}

/** Those of them that are not any more what they were then. */
export function changedSources(project: Project, stack: SynthesizedStack): readonly string[] {
  return Object.entries(sourcesOf(stack)).flatMap(([path, hash]) => {
    const source = resolve(project.directory, path);
    const now = existsSync(source) ? createHash("sha256").update(readFileSync(source, "utf8")).digest("hex") : "";
    return now === hash ? [] : [path];
  });
}

const sourcesSchema = z.record(z.string(), z.string());
