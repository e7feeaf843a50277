import type { Problem } from "../model/problems";
import type { Kind } from "../model/properties";

/** Disks, or a file system of the vendor's: homes may be either. */
export interface StorageKind {
  /** What may be said of it. */
  readonly names: Readonly<Record<string, Kind>>;
  /** As messages call it, e.g. `a managed disk`. */
  readonly words: string;
}

/**
 * What is said of one kind of storage and belongs to the other. The compiler sees it only where the object is written down
 * in place, and to ignore it may be to lose data: of a file system there is no last snapshot.
 */
export function storageKindProblems(options: object, at: string, { names, words }: StorageKind): readonly Problem[] {
  return Object.entries(options).flatMap(([name, got]): readonly Problem[] => {
    const kind = Object.hasOwn(names, name) ? names[name] : undefined;
    if (kind === undefined) return [{ at: `${at}.${name}`, got, want: `left out: ${words} has none` }];
    return kind.fits(got) ? [] : [{ at: `${at}.${name}`, got, want: `${kind.want} for ${words}` }];
  });
}
