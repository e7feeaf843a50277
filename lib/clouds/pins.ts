import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Problem } from "../model/problems";

/**
 * What was looked up once in a cloud and is to stay as it is: ids of images, address ranges of subnets.
 * A file to commit, beside cdktf.json: synthesizing asks no cloud, and gives the same everywhere.
 */
export const PIN_FILE = "ohpc.lock.json";

/** Per kind of cloud, per region, per thing that was looked up. */
export type PinFile = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, PinnedFact>>>>>>;

/** What is known of one thing, e.g. `{ id: "ami-…", architecture: "arm64" }`. */
export type PinnedFact = Readonly<Record<string, string>>;

/** @throws Error if there is a file that is none of ours */
export function readPins(path: string = PIN_FILE): PinFile {
  if (!existsSync(path)) return {};
  const document = parsed(readFileSync(path, "utf8"));
  if (!isNested(document, 4)) throw new Error(`${path} is not a pin file of ohpc; ${MEND}`);
  return document as PinFile;
}

const MEND = "remove it, or take it from version control again";

/** A file to commit may have come out of a merge with both sides in it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the file says, for stacks, which tell what is wrong with it together with all else: then it says nothing. */
export function pinsIn(path: string = PIN_FILE): { readonly pins: PinFile; readonly problems: readonly Problem[] } {
  try {
    return { pins: readPins(path), problems: [] };
  } catch {
    const want = "a file that pinAws or pinAzure has written, or none";
    return { pins: {}, problems: [{ at: "pinFile", got: path, want, hint: MEND }] };
  }
}

/** What the file says of one thing. */
export function pinnedFact(pins: PinFile, cloud: string, region: string, key: string): PinnedFact | undefined {
  return pins[cloud]?.[region]?.[key];
}

/** `pins` with facts of one region added, or replaced. Pure. */
export function withFacts(
  pins: PinFile,
  cloud: string,
  region: string,
  facts: Readonly<Record<string, PinnedFact>>,
): PinFile {
  const regions = pins[cloud] ?? {};
  return { ...pins, [cloud]: { ...regions, [region]: { ...regions[region], ...facts } } };
}

/** Replaces the file at once. Equal facts give equal bytes. */
export function writePins(pins: PinFile, path: string = PIN_FILE): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(sorted(pins), undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** Objects in objects, with text at the given depth. */
function isNested(value: unknown, depth: number): boolean {
  if (depth === 0) return typeof value === "string";
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((inner) => isNested(inner, depth - 1))
  );
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
