import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withBuildContainer } from "./container";
import type { ImageEngine } from "./engine";
import { hostMirror } from "./mirror";
import type { ImageRecipe } from "./recipe";

export interface BaseOptions {
  readonly engine: ImageEngine;
  readonly env: NodeJS.ProcessEnv;
  /** For the root file system while it is made. */
  readonly directory: string;
  readonly onLine: (line: string) => void;
}

/** A registry that has not sent a 30 MB image by then is not a quick way to get one. */
const PULL_SECONDS = 60;
const DEBOOTSTRAP_SECONDS = 1200;

/**
 * Makes the image that the layers stand on: from `OHPC_BASE_IMAGE`, from the public image where a registry answers,
 * else by debootstrap from the mirror that this machine itself uses.
 */
export async function buildBase(recipe: ImageRecipe, options: BaseOptions): Promise<void> {
  const { OHPC_BASE_IMAGE: given } = options.env;
  if (given !== undefined && given !== "") {
    if (!(await isPresent(given, options))) await pull(given, options);
    await prepare(given, recipe, options);
    return;
  }
  try {
    await pull(recipe.base.image, options);
  } catch (error) {
    if (!options.engine.refused(error)) throw error;
    options.onLine(`${recipe.base.image} cannot be had: using debootstrap`);
    await debootstrap(recipe, options);
    return;
  }
  await prepare(recipe.base.image, recipe, options);
}

async function isPresent(image: string, { engine }: BaseOptions): Promise<boolean> {
  const present = await engine.runScript('engine image inspect "$1" >/dev/null 2>&1 && echo yes || echo no', [image]);
  return present.trim() === "yes";
}

async function pull(image: string, { engine, onLine }: BaseOptions): Promise<void> {
  onLine(`fetching ${image}`);
  await engine.run(["pull", "--quiet", image], { onLine, timeoutSeconds: PULL_SECONDS });
}

/** Adds what Ansible needs to an image that has an apt. */
async function prepare(
  image: string,
  { root, base }: ImageRecipe,
  { engine, env, directory, onLine }: BaseOptions,
): Promise<void> {
  await withBuildContainer(
    { parent: image, name: "base", root, cache: directory, engine, env, onLine },
    async (container) => {
      await container.exec(["apt-get", "--quiet", "update"]);
      await container.exec(["apt-get", "--quiet", "--yes", "install", ...base.packages]);
      await container.commit(base.tag);
    },
  );
}

async function debootstrap({ root, base }: ImageRecipe, { engine, directory, onLine }: BaseOptions): Promise<void> {
  const { main = "", security = "" } = hostMirror();
  const scratch = mkdtempSync(join(directory, "base-"));
  const script = `
    for program in debootstrap tar; do
      command -v $program >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v $program >/dev/null || {
        echo "no registry has $6, and $program is not installed: install it (apt-get install $program), or set OHPC_BASE_IMAGE to a Debian 13 image that this machine can get" >&2
        exit 1
      }
    done
    [ "$(id -u)" = 0 ] || {
      echo "no registry has $6, and debootstrap needs root: run this as root once, or set OHPC_BASE_IMAGE to a Debian 13 image that this machine can get" >&2
      exit 1
    }
    PATH=$PATH:/usr/sbin:/sbin bash "$1/images/node/base.sh" "$2" "$3" "$4/root" "$7" "$8" | engine import --change 'CMD ["/sbin/init"]' - "$5"`;
  const values = [root, base.suite, base.packages.join(","), scratch, base.tag, base.image, main, security];
  try {
    await engine.runScript(script, values, { onLine, timeoutSeconds: DEBOOTSTRAP_SECONDS });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
