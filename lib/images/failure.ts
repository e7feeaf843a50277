import { taskIn } from "../software/ansible-output";
import { layerNames } from "./recipe";
import type { ImageRecipe } from "./recipe";

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

/**
 * What people need to know when a layer fails: which, at which task, why, what is kept, and the end of the output.
 *
 * @param error what ended the layer; what Ansible or apt said comes first
 */
export function imageFailure(
  recipe: ImageRecipe,
  layer: string,
  output: readonly string[],
  error?: Error,
): ImageBuildError {
  const names = layerNames(recipe);
  const number = names.indexOf(layer) + 1;
  const task = lastTask(output);
  const why = causeIn(output) ?? error?.message.split("\n")[0];
  const kept = names.slice(0, number - 1);
  const last = output.slice(-KEPT_LINES);
  const message = [
    `the node image cannot be built: layer ${number} of ${names.length} (${layer}) failed${task === undefined ? "" : ` at "${task}"`}`,
    ...(why === undefined ? [] : [`why: ${why}`]),
    kept.length === 0
      ? "the next build starts from the beginning"
      : `the finished layers are kept (${kept.join(", ")}); the next build goes on from there`,
    ...(last.length === 0 ? [] : [`the last lines:\n${last.map((line) => `  ${line}`).join("\n")}`]),
  ].join("\n");
  return new ImageBuildError(layer, task, last, message);
}

/** The task that was under way; none when Ansible had not begun or had come to its end. */
function lastTask(output: readonly string[]): string | undefined {
  const ended = output.some((line) => /^localhost .*\bfailed=0\b/.test(line));
  return ended ? undefined : taskIn(output.findLast((line) => taskIn(line) !== undefined) ?? "");
}

/** The error as Ansible or apt reports it. */
function causeIn(output: readonly string[]): string | undefined {
  const line = output.findLast((text) => /^(\[ERROR\]|E): /.test(text));
  return line?.replace(/^(\[ERROR\]|E): (Task failed: )?(Module failed: )?/, "");
}
