import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FOLDER = join(__dirname, "..", "golden");

/**
 * Compares `text` with the file `__tests__/golden/<path>`, which is the very file that a machine would get; `undefined`
 * stands for no such file. `UPDATE_GOLDEN=1` writes it instead, so that a review sees the change as a diff of that file;
 * CI never may.
 */
export function expectGolden(path: string, text: string | undefined): void {
  const file = join(FOLDER, path);
  if (process.env["UPDATE_GOLDEN"] === "1") update(file, text);
  const golden = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  if (golden === undefined && text !== undefined) {
    throw new Error(`there is no golden file ${path}: make it with UPDATE_GOLDEN=1 and review it`);
  }
  expect(text).toBe(golden);
}

function update(file: string, text: string | undefined): void {
  if ((process.env["CI"] ?? "") !== "") throw new Error("CI does not write golden files");
  rmSync(file, { force: true });
  if (text === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
