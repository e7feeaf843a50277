interface Build {
  readonly recipe: ImageRecipe;
  readonly engine: EngineWanted;
  readonly env: NodeJS.ProcessEnv;
  readonly cache: string;
  readonly tell: (layer: string, line: string) => void;
}

async function build({ recipe, engine, env, cache, tell }: Build): Promise<BuiltImage> {
  const { base, layers, image, root } = recipe;
  const present = await presentImages(recipe, engine);
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
      throw imageFailure(recipe, layer, output.lines, error as Error);
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
        await withBuildContainer(
          { parent: from, name: layer.name, root, engine, env, onLine, ansible },
          async (container) => {
            if (refresh) await container.exec(["apt-get", "--quiet", "update"]);
            await container.exec(playbook(layer), `${BUILD_FOLDER}/ansible`);
            await container.exec(["sh", `${BUILD_FOLDER}/node/seal.sh`]);
            await container.commit(layer.tag);
          },
        );
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

/** The images of this recipe that the engine has, of this and of other versions. */
async function presentImages({ name }: ImageRecipe, engine: EngineWanted): Promise<ReadonlySet<string>> {
  const listed = await runEngine(["images", "--format", "{{.Repository}}:{{.Tag}}"], engine);
  const own = new RegExp(`^localhost/${name}(-[a-z]+)?:[0-9a-f]+$`);
  return new Set(listed.split("\n").filter((line) => own.test(line)));
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
