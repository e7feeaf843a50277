import { join } from "node:path";
import { cacheDirectory } from "../model/private-directory";
import { packageRoot } from "../package/root";
import { type BuiltImage, buildMissing, presentImages } from "./build";
import type { ImageEngine } from "./engine";
import { whileLocked } from "./lock";
import { type ImageFolder, layerNames, readRecipe } from "./recipe";
import { worthTelling } from "./told-lines";

export interface BuildImageOptions {
  /** Told what goes on, line by line. */
  readonly onProgress?: (progress: ImageProgress) => void;
  /** The folder that holds `images/` and `ansible/`. @default - this package's */
  readonly root?: string;
  /** Which image. @default "node" */
  readonly folder?: ImageFolder;
  /** Reads `OHPC_BASE_IMAGE`, `XDG_CACHE_HOME` and proxies. @default - this process's environment */
  readonly env?: NodeJS.ProcessEnv;
}

export interface ImageProgress {
  /** `base`, or the layer's name. */
  readonly layer: string;
  /** Which layer it is, from 1, and how many there are. */
  readonly number: number;
  readonly of: number;
  /** What it is doing, in a line for people. */
  readonly line: string;
}

/** The name of the node image: the hash of what it is made from. Needs no engine. */
export function nodeImage(root: string = packageRoot()): string {
  return readRecipe(root).image;
}

/**
 * The name of the image of stock machines: Debian 13 as clouds have it, with systemd, sshd, Python and cloud-init and
 * nothing of a cluster.
 */
export function stockImage(root: string = packageRoot()): string {
  return readRecipe(root, "debian-13").image;
}

/**
 * Builds what is missing of an image, from the first layer on that has changed; nothing if it is there.
 * A second build at the same time waits for the first.
 *
 * @throws ImageBuildError naming layer and task, with the end of the output
 * @throws whatever the engine throws that does not work here
 */
export async function buildImage(
  engine: ImageEngine,
  { root, folder, env = process.env, onProgress = () => undefined }: BuildImageOptions = {},
): Promise<BuiltImage> {
  const recipe = readRecipe(root, folder);
  if ((await presentImages(recipe, engine)).has(recipe.image)) return { image: recipe.image, built: [] };
  const names = layerNames(recipe);
  const tell = (layer: string, said: string): void => {
    const line = worthTelling(said);
    if (line !== undefined) onProgress({ layer, number: names.indexOf(layer) + 1, of: names.length, line });
  };
  const cache = cacheDirectory(env);
  const onWait = (): void => {
    tell("base", "waiting for another build of the image");
  };
  return whileLocked(join(cache, "build.lock"), onWait, () => buildMissing(recipe, { engine, env, cache, tell }));
}

/** A finished node image that the engine has. */
export interface ListedImage {
  readonly name: string;
  /** In the engine's own words, e.g. `1.28 GB`. */
  readonly size: string;
  readonly created: string;
  /** Whether it is the one of this version. */
  readonly current: boolean;
}

/** The node images that the engine has, of this and of other versions, without the layers below them. */
export async function listImages(engine: ImageEngine): Promise<readonly ListedImage[]> {
  const { name, image: current } = readRecipe();
  const format = "{{.Repository}}:{{.Tag}}\t{{.Size}}\t{{.CreatedSince}}";
  const listed = await engine.run(["image", "ls", "--filter", `reference=localhost/${name}`, "--format", format]);
  // The names of the layers below it begin the same.
  const lines = listed.split("\n").filter((line) => line.startsWith(`localhost/${name}:`));
  return lines.map((line) => {
    const [image = "", size = "", created = ""] = line.split("\t");
    return { name: image, size, created, current: image === current };
  });
}

/** An image has several names; the engine would take all but the last away from one that is in use. */
const REMOVE_UNUSED = `
  containers=$(engine ps --all --quiet)
  used=$(for container in $containers; do engine container inspect --format '{{.Image}}' "$container" 2>/dev/null || true; done)
  for image; do
    id=$(engine image inspect --format '{{.Id}}' "$image") || continue
    case "$used" in *"\${id#sha256:}"*) continue ;; esac
    if engine rmi "$image" >/dev/null; then printf '%s\\n' "$image"; fi
  done`;

/**
 * Removes images of other versions that no machine uses. Never done unasked: going back to an earlier version takes them again.
 *
 * @returns the removed images
 */
export async function pruneImages(
  engine: ImageEngine,
  { root }: Pick<BuildImageOptions, "root"> = {},
): Promise<readonly string[]> {
  const recipe = readRecipe(root);
  const current = new Set([recipe.base.tag, ...recipe.layers.map(({ tag }) => tag), recipe.image]);
  const old = [...(await presentImages(recipe, engine))].filter((tag) => !current.has(tag));
  const removed = await engine.runScript(REMOVE_UNUSED, old);
  return removed.split("\n").filter((line) => line !== "");
}
