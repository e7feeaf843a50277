import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packageRoot } from "../package/root";
import { filesIn, hash } from "./content-hash";

/** Where a machine keeps the hash of the roles that made it what it is. The role `versions` writes it at the very end. */
export const SOFTWARE_PATH = "/usr/share/ohpc/software";

/** Ansible in the versions that machines converge with, which are those that images are built with. */
const REQUIREMENTS = "images/node/requirements.txt";

/** What only images are made with, or only people read. */
const NOT_FOR_MACHINES = /^(layer\.yml|\.|roles\/(in_container|cloud_image)\/)/;

/** All that a machine needs to become one of a cluster, by path: the roles, what they are applied with, and the list of Ansible's parts. */
export function softwareFiles(root: string = packageRoot()): Readonly<Record<string, string>> {
  const ansible = filesIn(join(root, "ansible")).filter((path) => !NOT_FOR_MACHINES.test(path));
  return {
    ...Object.fromEntries(ansible.map((path) => [path, readFileSync(join(root, "ansible", path), "utf8")])),
    "requirements.txt": readFileSync(join(root, REQUIREMENTS), "utf8"),
  };
}

/** Names the roles by their content: machines with the same hash have the same software, from an image or converged. */
export function softwareHash(root: string = packageRoot()): string {
  return hash(...Object.entries(softwareFiles(root)).flat()).slice(0, 16);
}

/** The files for a shell script: JSON, compressed, in lines of base64. */
export function softwareArchive(root: string = packageRoot()): string {
  const packed = gzipSync(JSON.stringify(softwareFiles(root)), { level: 9 }).toString("base64");
  return packed.replace(/.{1,100}/g, "$&\n");
}
