import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package/root";
import { contentHash, hash } from "../software/content-hash";
import { softwareHash } from "../software/roles";

/** What an image is made of, and in which order: `images/<folder>/image.json`. */
export interface ImageRecipe {
  /** The package's root: `images/` and `ansible/` lie in it. */
  readonly root: string;
  readonly folder: ImageFolder;
  /** What the tags of all its images begin with. */
  readonly name: string;
  readonly base: BaseRecipe;
  /** From the bottom up; each stands on the one before it. */
  readonly layers: readonly ImageLayer[];
  /** The finished image, named by the hash of everything it is made from. */
  readonly image: string;
  /** The Python that the base image has, for which Ansible's parts are fetched. */
  readonly python: string;
  /** Of the roles: machines from the image say that they have them. */
  readonly software: string;
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

/** All images stand on one base. */
export const BASE_NAME = "ohpc-node-base";

/** Every machine as clusters want it; and machines as clouds sell them, which become that by themselves. */
export type ImageFolder = "node" | "debian-13";

/**
 * Reads the recipe and computes every layer's name from the content of the files it is made from, and of nothing else:
 * two checkouts of one version agree, and a change renames the layer it belongs to and those above.
 */
export function readRecipe(root: string = packageRoot(), folder: ImageFolder = "node"): ImageRecipe {
  const read = (name: ImageFolder): object =>
    JSON.parse(readFileSync(join(root, "images", name, "image.json"), "utf8")) as object;
  // What another image does not say is as in the node image: they stand on the same base.
  const file = { ...read("node"), ...read(folder) } as ImageFile;
  const { name, base, python, everyLayer } = file;
  const content = (path: string): string => contentHash(join(root, path));
  const role = (of: string): string => content(`ansible/roles/${of}`);
  const software = softwareHash(root);
  const baseHash = hash(JSON.stringify(base), ...BASE_FILES.map(content));
  const common = hash(python, ...BUILD_FILES.map(content), ...everyLayer.map(role));
  const layers: ImageLayer[] = [];
  let below = baseHash;
  for (const layer of file.layers) {
    below = hash(
      below,
      common,
      JSON.stringify(layer),
      ...layer.roles.map(role),
      // The role `versions` writes it down.
      ...(layer.roles.includes("versions") ? [software] : []),
    );
    layers.push({ ...layer, tag: tag(`${name}-${layer.name}`, below) });
  }
  return {
    root,
    folder,
    name,
    python,
    software,
    layers,
    image: tag(name, below),
    base: { ...base, tag: tag(BASE_NAME, baseHash) },
  };
}

/** `base` and the layers, from the bottom up. */
export function layerNames({ layers }: ImageRecipe): readonly string[] {
  return ["base", ...layers.map(({ name }) => name)];
}

function tag(name: string, hashed: string): string {
  return `localhost/${name}:${hashed.slice(0, 12)}`;
}
