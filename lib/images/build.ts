import { fetchAnsible } from "./ansible";
import { buildBase } from "./base";
import { BUILD_FOLDER, removeBuildVolumes, withBuildContainer } from "./container";
import type { ImageEngine } from "./engine";
import { KEPT_LINES, imageFailure } from "./failure";
import { copyPipSettings } from "./pip";
import { BASE_NAME, readRecipe } from "./recipe";
import type { ImageLayer, ImageRecipe } from "./recipe";

export interface BuiltImage {
  readonly image: string;
  /** What was not there yet, and how long it took. */
  readonly built: readonly { readonly layer: string; readonly seconds: number }[];
}

export interface BuildContext {
  readonly engine: ImageEngine;
  readonly env: NodeJS.ProcessEnv;
  /** For what can be fetched again. */
  readonly cache: string;
  readonly tell: (layer: string, line: string) => void;
}

type OnLine = (line: string) => void;

/** Builds every layer from the first on that is not there, each in a container from the one below it. */
export async function buildMissing(recipe: ImageRecipe, context: BuildContext): Promise<BuiltImage> {
  const { base, layers, image } = recipe;
  const { engine, env, cache } = context;
  const present = await presentImages(recipe, engine);
  const finished = layers.findLastIndex(({ tag }) => present.has(tag));
  const built: { layer: string; seconds: number }[] = [];
  const step = async (layer: string, work: (onLine: OnLine) => Promise<void>): Promise<void> => {
    const started = Date.now();
    await explained(recipe, layer, context, work);
    built.push({ layer, seconds: (Date.now() - started) / 1000 });
  };
  try {
    // Fetching Ansible and making the base have nothing to do with each other, and each keeps one core busy.
    const fetching = fetchAnsible(recipe, cache, env);
    fetching.catch(() => undefined);
    if (finished < 0 && !present.has(base.tag)) {
      await step("base", (onLine) => buildBase(recipe, { engine, env, directory: cache, onLine }));
    }
    let parent = layers[finished]?.tag ?? base.tag;
    for (const [index, layer] of layers.slice(finished + 1).entries()) {
      const from = parent;
      await step(layer.name, async (onLine) => {
        const ansible = await fetching;
        await buildLayer(recipe, layer, { ...context, parent: from, ansible, first: index === 0, onLine });
      });
      parent = layer.tag;
    }
    await engine.run(["tag", parent, image]);
  } finally {
    await removeBuildVolumes(engine, cache);
  }
  return { image, built };
}

/** The images of this recipe that the engine has, of this and of other versions. */
export async function presentImages({ name }: ImageRecipe, engine: ImageEngine): Promise<ReadonlySet<string>> {
  const listed = await engine.run(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
  const own = new RegExp(`^localhost/(${name}(-[a-z]+)?|${BASE_NAME}):[0-9a-f]+$`);
  return new Set(listed.split("\n").filter((line) => own.test(line)));
}

interface LayerContext extends BuildContext {
  readonly parent: string;
  readonly ansible: string;
  /** The first layer of this build, which nothing has been fetched for yet. */
  readonly first: boolean;
  readonly onLine: OnLine;
}

async function buildLayer(recipe: ImageRecipe, layer: ImageLayer, context: LayerContext): Promise<void> {
  const { root, folder } = recipe;
  const { first, ...options } = context;
  await withBuildContainer({ ...options, name: layer.name, root }, async (container) => {
    if (first) await container.exec(["apt-get", "--quiet", "update"]);
    await container.exec(playbook(layer, recipe), `${BUILD_FOLDER}/ansible`);
    // Machines from the node image have all that they need; the others reach the package index as this machine does.
    if (folder !== "node") await copyPipSettings(container, context);
    await container.exec(["sh", `${BUILD_FOLDER}/node/seal.sh`]);
    if (!readRecipe(root, folder).layers.some(({ tag }) => tag === layer.tag)) {
      throw new Error("files of this layer were changed while it was built; build again");
    }
    await container.commit(layer.tag);
  });
}

function playbook({ roles }: ImageLayer, { software }: ImageRecipe): readonly string[] {
  const variables = JSON.stringify({ layer_roles: roles, software_hash: software });
  return ["python3", "-m", "ansible", "playbook", "--inventory", "localhost,", "--extra-vars", variables, "layer.yml"];
}

/** Does the work of one layer; when it fails, tells everything that is known about it. */
async function explained(
  recipe: ImageRecipe,
  layer: string,
  { engine, tell }: BuildContext,
  work: (onLine: OnLine) => Promise<void>,
): Promise<void> {
  let output: readonly string[] = [];
  try {
    await work((line) => {
      // More than is shown: the task's name may be far above the end of a long error.
      output = [...output, line].slice(-10 * KEPT_LINES);
      tell(layer, line);
    });
  } catch (error) {
    if (engine.missing(error)) throw error;
    throw imageFailure(recipe, layer, output, error as Error);
  }
}
