import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ImageRecipe } from "./recipe";

const PIP_SECONDS = 300;
const MACHINES: Readonly<Partial<Record<string, string>>> = { x64: "x86_64", arm64: "aarch64" };

/**
 * Fetches Ansible by pip, as it is configured on this machine, for the Python of the *image*: this machine's own version does not matter.
 * Without the parts that only Ansible's vault needs. Kept in the cache directory by the content of the list of versions.
 *
 * @returns a folder for PYTHONPATH
 */
export async function fetchAnsible(recipe: ImageRecipe, cache: string, env: NodeJS.ProcessEnv): Promise<string> {
  const requirements = join(recipe.root, "images/node/requirements.txt");
  const machine = MACHINES[arch()] ?? arch();
  const hash = createHash("sha256")
    .update(readFileSync(requirements))
    .update(`${recipe.python} ${machine}`)
    .digest("hex");
  const folder = join(cache, `ansible-${hash.slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = `${folder}.${process.pid}`;
  const args = [
    ...[
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-compile",
      "--no-deps",
      "--target",
      fresh,
    ],
    ...["--only-binary", ":all:", "--implementation", "cp", "--python-version", recipe.python],
    ...["--platform", `manylinux2014_${machine}`, "--requirement", requirements],
  ];
  try {
    await promisify(execFile)("python3", args, { env, timeout: PIP_SECONDS * 1000 });
    renameSync(fresh, folder);
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    const said = stderr.trim() === "" ? message : stderr.trim();
    const hint = said.includes("No module named pip") ? "; install it (apt-get install python3-pip)" : "";
    throw new Error(`python3 -m pip cannot fetch Ansible${hint}:\n${said}`, { cause: error });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
