import { readFileSync } from "node:fs";
import { join } from "node:path";

const texts = new Map<string, string>();

/** The text of a file that travels with the package beside the module that asks, read once: `textBeside(__dirname, "status.sh")`. */
export function textBeside(directory: string, name: string): string {
  const path = join(directory, name);
  const known = texts.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(path, "utf8");
  texts.set(path, text);
  return text;
}
