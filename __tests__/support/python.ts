import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** Makes a virtual environment with exactly these packages below `.build/`, once per list; returns the folder of its programs. */
export async function pythonPrograms(name: string, packages: readonly string[]): Promise<string> {
  const folder = join(__dirname, "../../.build", name);
  const mark = join(folder, "packages");
  const wanted = packages.join("\n");
  if (!existsSync(mark) || readFileSync(mark, "utf8") !== wanted) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, ".."), { recursive: true });
    const run = promisify(execFile);
    await run("python3", ["-m", "venv", folder]);
    await run(join(folder, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", ...packages], {
      timeout: 420_000,
    });
    writeFileSync(mark, wanted);
  }
  return join(folder, "bin");
}
