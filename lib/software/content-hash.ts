import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Each part with its length before it, so that no two lists of parts run together into the same text. */
export function hash(...parts: readonly string[]): string {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(`${part.length}:`).update(part, "latin1");
  return sum.digest("hex");
}

/** The content of a file, or of all files in a folder with their paths. */
export function contentHash(path: string): string {
  return hash(
    ...filesIn(path).flatMap((file) => [file, readFileSync(file === "" ? path : join(path, file), "latin1")]),
  );
}

/** The paths of all files in a folder, sorted; of a file, the empty one. */
export function filesIn(path: string): readonly string[] {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [""];
    throw error;
  }
  return entries
    .flatMap((entry) =>
      entry.isDirectory() ? filesIn(join(path, entry.name)).map((below) => `${entry.name}/${below}`) : [entry.name],
    )
    .sort((a, b) => (a < b ? -1 : 1));
}
