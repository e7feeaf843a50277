import type { BuiltImage } from "../../images/build";
import type { ImageEngine } from "../../images/engine";
import { type BuildImageOptions, buildImage } from "../../images/image";
import { EngineError, type EngineWanted, runEngine, runEngineScript } from "./engine";
import { label } from "./labels";

/** This machine's container engine, as images are built with it. */
export function imageEngine(wanted: EngineWanted = {}, env: NodeJS.ProcessEnv = process.env): ImageEngine {
  const failed = (error: unknown) => error instanceof EngineError && error.kind === "failed";
  return {
    run: async (args, options) => runEngine(args, { ...wanted, env, ...options }),
    runScript: async (script, args, options) => runEngineScript(script, args, { ...wanted, env, ...options }),
    refused: failed,
    missing: (error) => error instanceof EngineError && !failed(error),
    buildLabel: (layer) => `${label("build")}=${layer}`,
  };
}

/** Whether the engine has an image; where it does not tell, it may be missing. */
export async function hasImage(image: string, wanted: EngineWanted = {}): Promise<boolean> {
  try {
    await runEngine(["image", "inspect", "--format", "{{.Id}}", image], wanted);
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}

/**
 * Builds what is missing of an image for machines of `local` clusters.
 *
 * @throws ImageBuildError naming layer and task, with the end of the output
 * @throws EngineError when no engine works here
 */
export async function buildNodeImage(options: BuildImageOptions & EngineWanted = {}): Promise<BuiltImage> {
  const { cluster, engine, ...what } = options;
  return buildImage(imageEngine({ cluster, engine }, what.env), what);
}
