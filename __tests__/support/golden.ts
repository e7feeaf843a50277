import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FOLDER = join(__dirname, "..", "golden");

/**
 * Compares `text` with the file `__tests__/golden/<path>`, which is the very file that a machine would get.
 * `UPDATE_GOLDEN=1` writes it instead, so that a review sees the change as a diff of that file; CI never may.
 */
export function expectGolden(path: string, text: string): void {
  const file = join(FOLDER, path);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    if (process.env["CI"] !== undefined && process.env["CI"] !== "") throw new Error("CI does not write golden files");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (!existsSync(file)) throw new Error(`there is no golden file ${path}: make it with UPDATE_GOLDEN=1 and review it`);
  expect(text).toBe(readFileSync(file, "utf8"));
}
