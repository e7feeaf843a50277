import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the node image is made of, and in which order: `images/node/image.json`. */
export interface ImageRecipe {
  /** The package's root: `images/` and `ansible/` lie in it. */
  readonly root: string;
  /** What the tags of all its images begin with. */
  readonly name: string;
  readonly base: BaseRecipe;
  /** From the bottom up; each stands on the one before it. */
  readonly layers: readonly ImageLayer[];
  /** The finished image, named by the hash of everything it is made from. */
  readonly image: string;
  /** The Python that the base image has, for which Ansible's parts are fetched. */
  readonly python: string;
}

export interface BaseRecipe {
  readonly tag: string;
  /** Debian's name of the release. */
  readonly suite: string;
  /** Where there is a registry. */
  readonly image: string;
  /** What Ansible needs before it can do anything. */
  readonly packages: readonly string[];
}

export interface ImageLayer {
  readonly name: string;
  readonly roles: readonly string[];
  /** Ends with the hash of this layer and everything below it. */
  readonly tag: string;
}

interface ImageFile {
  readonly name: string;
  readonly base: Omit<BaseRecipe, "tag">;
  readonly python: string;
  readonly everyLayer: readonly string[];
  readonly layers: readonly { readonly name: string; readonly roles: readonly string[] }[];
}

/** What takes part in building every layer, besides the roles. */
const BUILD_FILES = [
  "ansible/ansible.cfg",
  "ansible/layer.yml",
  "images/node/apt.conf",
  "images/node/requirements.txt",
  "images/node/seal.sh",
];
const BASE_FILES = ["images/node/base.sh"];

/**
 * Reads the recipe and computes every layer's name from the content of the files it is made from, and of nothing else:
 * two checkouts of one version agree, and a change renames the layer it belongs to and those above.
 */
export function readRecipe(root: string = packageRoot()): ImageRecipe {
  const file = JSON.parse(readFileSync(join(root, "images/node/image.json"), "utf8")) as ImageFile;
  const { name, base, python, everyLayer } = file;
  const baseHash = hash(JSON.stringify(base), ...BASE_FILES.map((path) => content(root, path)));
  const common = hash(
    python,
    ...BUILD_FILES.map((path) => content(root, path)),
    ...everyLayer.map((role) => content(root, `ansible/roles/${role}`)),
  );
  const layers: ImageLayer[] = [];
  let below = baseHash;
  for (const layer of file.layers) {
    below = hash(
      below,
      common,
      JSON.stringify(layer),
      ...layer.roles.map((role) => content(root, `ansible/roles/${role}`)),
    );
    layers.push({ ...layer, tag: tag(`${name}-${layer.name}`, below) });
  }
  return { root, name, base: { ...base, tag: tag(`${name}-base`, baseHash) }, layers, image: tag(name, below), python };
}

/** `base` and the layers, from the bottom up. */
export function layerNames({ layers }: ImageRecipe): readonly string[] {
  return ["base", ...layers.map(({ name }) => name)];
}

/** The folder that holds `images/` and `ansible/`: above `lib/` in a checkout, above `dist/` in an installed package. */
export function packageRoot(start: string = __dirname): string {
  if (existsSync(join(start, "images/node/image.json"))) return start;
  const above = dirname(start);
  if (above === start) throw new Error("bug in cdktf-openhpc: the package has no images/node/image.json");
  return packageRoot(above);
}

function tag(name: string, hashed: string): string {
  return `localhost/${name}:${hashed.slice(0, 12)}`;
}

/** The content of a file, or of all files in a folder with their paths. */
function content(root: string, path: string): string {
  const full = join(root, path);
  const files = readdirOrFile(full);
  return hash(...files.flatMap((file) => [file, readFileSync(file === "" ? full : join(full, file), "latin1")]));
}

function readdirOrFile(path: string): readonly string[] {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [""];
    throw error;
  }
  return entries
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirOrFile(join(path, entry.name)).map((below) => `${entry.name}/${below}`)
        : [entry.name],
    )
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Each part with its length before it, so that no two lists of parts run together into the same text. */
function hash(...parts: readonly string[]): string {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(`${part.length}:`).update(part, "latin1");
  return sum.digest("hex");
}
