import { join } from "node:path";
import { cacheDirectory } from "../../model/private-directory";
import { EngineError, runEngine, runEngineScript } from "./engine";
import type { EngineWanted } from "./engine";
import { fetchAnsible } from "./image-ansible";
import { buildBase } from "./image-base";
import { BUILD_FOLDER, removeBuildVolumes, withBuildContainer } from "./image-container";
import { ImageBuildError, KEPT_LINES, imageFailure } from "./image-failure";
import { whileLocked } from "./image-lock";
import { packageRoot, readRecipe } from "./image-recipe";
import type { ImageLayer, ImageRecipe } from "./image-recipe";

export { ImageBuildError } from "./image-failure";

export interface BuildImageOptions extends EngineWanted {
  /** Told what goes on, line by line. */
  readonly onProgress?: (progress: ImageProgress) => void;
  /** The folder that holds `images/` and `ansible/`. @default - this package's */
  readonly root?: string;
  /** Reads `OHPC_BASE_IMAGE`, `XDG_CACHE_HOME` and proxies. @default - this process's environment */
  readonly env?: NodeJS.ProcessEnv;
}

export interface ImageProgress {
  /** `base`, or the layer's name. */
  readonly layer: string;
  /** Which layer it is, from 1, and how many there are. */
  readonly number: number;
  readonly of: number;
  /** The last line that the build wrote. */
  readonly line: string;
}

export interface BuiltImage {
  readonly image: string;
  /** What was not there yet, and how long it took. */
  readonly built: readonly { readonly layer: string; readonly seconds: number }[];
}

/** The name of the image that machines of `local` clusters run: the hash of what it is made from. Needs no engine. */
export function nodeImage(root: string = packageRoot()): string {
  return readRecipe(root).image;
}

/**
 * Builds what is missing of the node image, from the first layer on that has changed; nothing if it is there.
 * A second build at the same time waits for the first.
 *
 * @throws ImageBuildError naming layer and task, with the end of the output
 * @throws EngineError when no engine works here
 */
export async function buildNodeImage(options: BuildImageOptions = {}): Promise<BuiltImage> {
  const { root = packageRoot(), env = process.env, onProgress = () => undefined } = options;
  const engine: EngineWanted = { ...(options.cluster && { cluster: options.cluster }), ...(options.engine && { engine: options.engine }) };
  const recipe = readRecipe(root);
  const names = ["base", ...recipe.layers.map(({ name }) => name)];
  const tell = (layer: string, line: string): void => {
    onProgress({ layer, number: names.indexOf(layer) + 1, of: names.length, line });
  };
  if ((await presentImages(engine)).has(recipe.image)) return { image: recipe.image, built: [] };
  const cache = cacheDirectory(env);
  return whileLocked(
    join(cache, "image.lock"),
    () => {
      tell("base", "waiting for another build of the image");
    },
    () => build({ recipe, engine, env, cache, tell }),
  );
}

/**
 * Removes images of earlier versions that no machine uses. Never done unasked: a cluster may be brought back with its old image.
 *
 * @returns the removed images
 */
export async function pruneNodeImages(options: Omit<BuildImageOptions, "onProgress"> = {}): Promise<readonly string[]> {
  const { root = packageRoot(), env: _env, ...engine } = options;
  const { base, layers, image } = readRecipe(root);
  const current = new Set([base.tag, ...layers.map(({ tag }) => tag), image]);
  const old = [...(await presentImages(engine))].filter((tag) => !current.has(tag));
  // The engine itself refuses to remove what a container uses.
  const script = 'for image; do engine rmi "$image" >/dev/null 2>&1 && printf "%s\\n" "$image" || true; done';
  const removed = await runEngineScript(script, old, engine);
  return removed.split("\n").filter((line) => line !== "");
}

interface Build {
  readonly recipe: ImageRecipe;
  readonly engine: EngineWanted;
  readonly env: NodeJS.ProcessEnv;
  readonly cache: string;
  readonly tell: (layer: string, line: string) => void;
}

async function build({ recipe, engine, env, cache, tell }: Build): Promise<BuiltImage> {
  const { base, layers, image, root } = recipe;
  const present = await presentImages(engine);
  const built: { layer: string; seconds: number }[] = [];
  const step = async (layer: string, work: (onLine: (line: string) => void) => Promise<void>): Promise<void> => {
    const started = Date.now();
    const output = new Tail(KEPT_LINES * 10);
    const onLine = (line: string): void => {
      output.add(line);
      tell(layer, line);
    };
    try {
      await work(onLine);
    } catch (error) {
      if (error instanceof EngineError && error.kind !== "failed") throw error;
      throw imageFailure(recipe, layer, output.lines, output.lines.length === 0 ? (error as Error).message : undefined);
    }
    built.push({ layer, seconds: (Date.now() - started) / 1000 });
  };

  const finished = layers.findLastIndex(({ tag }) => present.has(tag));
  try {
    // Fetching Ansible and making the base have nothing to do with each other, and each keeps one core busy.
    const fetching = fetchAnsible(recipe, cache, env);
    fetching.catch(() => undefined);
    if (finished < 0 && !present.has(base.tag)) {
      await step("base", (onLine) => buildBase(recipe, { engine, env, directory: cache, onLine }));
    }
    let parent = layers[finished]?.tag ?? base.tag;
    let first = true;
    for (const layer of layers.slice(finished + 1)) {
      const [from, refresh] = [parent, first];
      await step(layer.name, async (onLine) => {
        const ansible = await fetching;
        await withBuildContainer({ parent: from, name: layer.name, root, engine, env, onLine, ansible }, async (container) => {
          if (refresh) await container.exec(["apt-get", "--quiet", "update"]);
          await container.exec(playbook(layer), `${BUILD_FOLDER}/ansible`);
          await container.commit(layer.tag);
        });
      });
      parent = layer.tag;
      first = false;
    }
    await runEngine(["tag", parent, image], { ...engine, env });
  } finally {
    await removeBuildVolumes(engine);
  }
  return { image, built };
}

function playbook({ roles }: ImageLayer): readonly string[] {
  const variables = JSON.stringify({ layer_roles: roles });
  return ["python3", "-m", "ansible", "playbook", "--inventory", "localhost,", "--extra-vars", variables, "layer.yml"];
}

/** The images of this project that the engine has. */
async function presentImages(engine: EngineWanted): Promise<ReadonlySet<string>> {
  const listed = await runEngine(["images", "--format", "{{.Repository}}:{{.Tag}}"], engine);
  return new Set(listed.split("\n").filter((line) => /^localhost\/ohpc-node(-[a-z]+)?:/.test(line)));
}

/** Remembers the last lines. */
class Tail {
  #lines: readonly string[] = [];

  constructor(private readonly most: number) {}

  get lines(): readonly string[] {
    return this.#lines;
  }

  add(line: string): void {
    this.#lines = [...this.#lines, line].slice(-this.most);
  }
}
