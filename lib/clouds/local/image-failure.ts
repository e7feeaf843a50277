import type { ImageRecipe } from "./image-recipe";

/** The node image that could not be built; what was finished before stays, and the next build goes on from there. */
export class ImageBuildError extends Error {
  override readonly name = "ImageBuildError";

  constructor(
    /** `base` or the layer's name. */
    readonly layer: string,
    /** Ansible's task, with its role before it; absent when it came to none. */
    readonly task: string | undefined,
    /** The last lines of what was written. */
    readonly output: readonly string[],
    message: string,
  ) {
    super(message);
  }
}

export const KEPT_LINES = 50;

/** What people need to know when a layer fails: which, at which task, why, what is kept, and the end of the output. */
export function imageFailure(recipe: ImageRecipe, layer: string, output: readonly string[], cause?: string): ImageBuildError {
  const names = ["base", ...recipe.layers.map(({ name }) => name)];
  const number = names.indexOf(layer) + 1;
  const task = lastTask(output);
  const said = cause ?? ansibleCause(output);
  const kept = names.slice(0, number - 1);
  const last = output.slice(-KEPT_LINES);
  const message = [
    `the node image cannot be built: layer ${number} of ${names.length} (${layer}) failed${task === undefined ? "" : ` at "${task}"`}`,
    ...(said === undefined ? [] : [`why: ${said}`]),
    kept.length === 0
      ? "the next build starts from the beginning"
      : `the finished layers are kept (${kept.join(", ")}); the next build goes on from there`,
    ...(last.length === 0 ? [] : [`the last lines:\n${last.map((line) => `  ${line}`).join("\n")}`]),
  ].join("\n");
  return new ImageBuildError(layer, task, last, message);
}

function lastTask(output: readonly string[]): string | undefined {
  const heading = output.findLast((line) => /^(TASK|RUNNING HANDLER) \[/.test(line));
  return heading === undefined ? undefined : /\[(?<task>.*)\]/.exec(heading)?.groups?.["task"];
}

function ansibleCause(output: readonly string[]): string | undefined {
  const line = output.findLast((text) => text.startsWith("[ERROR]: "));
  return line?.replace(/^\[ERROR\]: (Task failed: )?(Module failed: )?/, "");
}
