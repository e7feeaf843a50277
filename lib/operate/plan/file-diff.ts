import { createTwoFilesPatch } from "diff";
import type { PlannedStep } from "../configure/run-steps";

/** A file of the master that would be another. */
export interface FileDiff {
  readonly path: string;
  /** The step that writes it. */
  readonly step: string;
  /** Unified, without the two lines that name the files. */
  readonly diff: string;
}

/** Lines around each change. */
const CONTEXT = 3;

/** The files that a step would change, line by line. Pure. */
export function fileDiffs({ step, before, after }: PlannedStep): readonly FileDiff[] {
  if (step.files === undefined) return [];
  const was = before === null ? {} : step.files(before);
  return Object.entries(step.files(after)).flatMap(([path, text]) => {
    const old = was[path] ?? "";
    if (old === (text ?? "")) return [];
    return [{ path, step: step.id, diff: unifiedDiff(path, old, text ?? "") }];
  });
}

/** What differs between two versions of a file, line by line. Pure. */
export function unifiedDiff(path: string, before: string, after: string): string {
  const patch = createTwoFilesPatch(path, path, before, after, "", "", { context: CONTEXT });
  return patch.slice(patch.indexOf("@@")).trimEnd();
}
