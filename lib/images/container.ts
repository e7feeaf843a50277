import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ImageEngine } from "./engine";

export interface BuildContainerOptions {
  /** The image that it starts from. */
  readonly parent: string;
  /** `base` or the layer's name. */
  readonly name: string;
  readonly root: string;
  /** Builds with one cache directory wait for each other; those of other users and checks have others, and never meet. */
  readonly cache: string;
  readonly engine: ImageEngine;
  readonly env: NodeJS.ProcessEnv;
  readonly onLine: (line: string) => void;
  /** Ansible and its parts, on this machine. */
  readonly ansible?: string;
}

export interface BuildContainer {
  exec(command: readonly string[], folder?: string): Promise<void>;
  /** Copies a file of this machine into the container. */
  copy(from: string, to: string): Promise<void>;
  commit(tag: string): Promise<void>;
}

/** Below /run, because that is empty in every machine that is started from the image. */
export const BUILD_FOLDER = "/run/ohpc-build";

/** What apt fetches lies in volumes, so that no layer keeps it and all layers of one build share it. */
const VOLUMES = { lists: "/var/lib/apt/lists", cache: "/var/cache/apt" } as const;
const PROXIES = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
const LAYER_SECONDS = 1800;

/** docker takes the stop signal over from the container and, before version 24, knows no such change; podman must be told. */
const COMMIT = `
  changes=(--change 'CMD ["/sbin/init"]')
  [ "$engine_name" != podman ] || changes+=(--change 'STOPSIGNAL SIGRTMIN+3')
  engine commit "\${changes[@]}" "$1" "$2" >/dev/null`;

/** Runs the work in a container that is gone afterwards. On the host's network: a mirror that this machine can reach, it can reach. */
export async function withBuildContainer(
  options: BuildContainerOptions,
  work: (container: BuildContainer) => Promise<void>,
): Promise<void> {
  const { parent, root, cache, engine, env, onLine, ansible } = options;
  const name = containerName(options);
  const remove = `engine kill --signal KILL "$1" >/dev/null 2>&1 || true; engine rm --force "$1" >/dev/null 2>&1 || true`;
  const mounts = [
    `${join(root, "ansible")}:${BUILD_FOLDER}/ansible:ro`,
    `${join(root, "images/node")}:${BUILD_FOLDER}/node:ro`,
    ...(ansible === undefined ? [] : [`${ansible}:${BUILD_FOLDER}/python:ro`]),
    ...Object.entries(VOLUMES).map(([key, path]) => `${volumeName(cache, key)}:${path}`),
  ];
  // A build that was killed left its container behind.
  await engine.runScript(remove, [name]);
  await engine.run([
    ...["run", "--detach", "--name", name, "--label", engine.buildLabel(options.name), "--network", "host"],
    ...["--stop-signal", "SIGRTMIN+3", ...mounts.flatMap((mount) => ["--volume", mount])],
    ...[parent, "sleep", "infinity"],
  ]);
  try {
    const variables = [
      `APT_CONFIG=${BUILD_FOLDER}/node/apt.conf`,
      "DEBIAN_FRONTEND=noninteractive",
      "LC_ALL=C.UTF-8",
      "SYSTEMD_OFFLINE=1",
      `PYTHONPATH=${BUILD_FOLDER}/python`,
      `PYTHONPYCACHEPREFIX=${VOLUMES.cache}/python`,
      `ANSIBLE_CONFIG=${BUILD_FOLDER}/ansible/ansible.cfg`,
      ...PROXIES.filter((proxy) => env[proxy] !== undefined),
    ];
    await work({
      exec: async (command, folder = "/") => {
        const flags = [...variables.flatMap((variable) => ["--env", variable]), "--workdir", folder];
        await engine.run(["exec", ...flags, name, ...command], { onLine, timeoutSeconds: LAYER_SECONDS });
      },
      copy: async (from, to) => {
        await engine.run(["cp", from, `${name}:${to}`]);
      },
      commit: async (tag) => {
        await engine.runScript(COMMIT, [name, tag]);
      },
    });
  } finally {
    await engine.runScript(remove, [name]);
  }
}

/** Removes what the layers of a build shared. */
export async function removeBuildVolumes(engine: ImageEngine, cache: string): Promise<void> {
  await engine.runScript(
    `for name; do engine volume rm "$name" >/dev/null 2>&1 || true; done`,
    Object.keys(VOLUMES).map((key) => volumeName(cache, key)),
  );
}

/** What the names of everything begin with that builds with this cache directory leave in the engine when they are killed. */
export function buildPrefix(cache: string): string {
  return `ohpc-image-build-${short(cache)}-`;
}

function volumeName(cache: string, key: string): string {
  return `${buildPrefix(cache)}${key}`;
}

function containerName({ cache, parent, name }: BuildContainerOptions): string {
  return `${buildPrefix(cache)}${name}-${short(parent)}`;
}

function short(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
