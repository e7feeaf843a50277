import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { whileLocked } from "../../lib/images/lock";

/** Makes a virtual environment with exactly these packages below `.build/`, once per list; returns the folder of its programs. */
export async function pythonPrograms(name: string, packages: readonly string[]): Promise<string> {
  const folder = join(__dirname, "../../.build", name);
  const mark = join(folder, "packages");
  const wanted = packages.join("\n");
  const made = () => existsSync(mark) && readFileSync(mark, "utf8") === wanted;
  if (made()) return join(folder, "bin");
  // Another check of this checkout may be making it.
  await whileLocked(
    `${folder}.lock`,
    () => undefined,
    async () => {
      if (made()) return;
      rmSync(folder, { recursive: true, force: true });
      const run = promisify(execFile);
      await run("python3", ["-m", "venv", folder]);
      await run(join(folder, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", ...packages], {
        timeout: 420_000,
      });
      writeFileSync(mark, wanted);
    },
  );
  return join(folder, "bin");
}
