import { bootEnvironment } from "../../model/boot";
import { FIRST_USER_PORT, SSH_PORT } from "../../model/ports";
import type { Boot, Disk, DiskPurpose } from "../cloud";
import { LocalVolume } from "./disk";

export interface ContainerOptions {
  readonly role: "master" | "compute";
  readonly boot: Boot;
  readonly disks: readonly Disk[];
  readonly gpus: number;
  /** Whether the machine learns about its cluster from user-data instead of its environment. */
  readonly stock?: boolean;
  /** Published on 127.0.0.1 as the way in; absent: none. */
  readonly sshPort: number | undefined;
}

/** What a container is run with, apart from what only the host can tell. */
export interface RunSpec {
  /** Arguments of `engine run`, equal for podman and docker. */
  readonly flags: readonly string[];
  /** Volumes in them. */
  readonly volumes: readonly string[];
}

/** Equal options give an equal spec, and so the same container. */
export function runSpec({ role, boot, disks, gpus, stock = false, sshPort }: ContainerOptions): RunSpec {
  const mounts = disks.flatMap(({ purpose, manifest, handle }) => {
    const mode = MODES[purpose][role];
    return mode === undefined ? [] : [{ mode, path: manifest.path, volume: volumeOf(handle) }];
  });
  const environment = stock ? {} : bootEnvironment(boot);
  const flags = [
    ...FIXED_FLAGS,
    ...Object.entries(environment).flatMap(([key, value]) => ["-e", `${key}=${value}`]),
    ...mounts.flatMap(({ volume, path, mode }) => ["-v", `${volume}:${path}:${mode}`]),
    // Real device files, so that Slurm's GRES finds what gres.conf promises; nothing can be computed on them.
    ...Array.from({ length: gpus }, (_, k) => ["--device", `/dev/null:/dev/nvidia${k}`]).flat(),
    ...(sshPort === undefined ? [] : ["-p", `127.0.0.1:${sshPort}:${SSH_PORT}`]),
  ];
  return { flags, volumes: mounts.map(({ volume }) => volume) };
}

/** Who mounts what, and how; what is not here is not mounted. The state holds every secret of the cluster. */
const MODES: Readonly<Record<DiskPurpose, { readonly master: string; readonly compute?: string }>> = {
  state: { master: "rw" },
  bundle: { master: "rw", compute: "ro" },
  home: { master: "rw", compute: "rw" },
};

const FIXED_FLAGS: readonly string[] = [
  // A reboot inside comes back; what was stopped on purpose stays stopped, also when the engine's daemon starts again.
  "--restart=unless-stopped",
  // systemd shuts down cleanly when told so.
  "--stop-signal=SIGRTMIN+3",
  // systemd, Apptainer's mounts, debuggers, network settings, Slurm's priorities.
  ...["SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "SYS_NICE", "AUDIT_WRITE"].flatMap((capability) => [
    "--cap-add",
    capability,
  ]),
  ...["seccomp=unconfined", "apparmor=unconfined", "label=disable"].flatMap((option) => ["--security-opt", option]),
  // What the role `base` sets on a machine with a kernel of its own; docker's default is 0.
  `--sysctl=net.ipv4.ip_unprivileged_port_start=${FIRST_USER_PORT}`,
  // Open MPI's shared memory between the ranks of a node.
  "--shm-size=1g",
  "--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777",
];

function volumeOf(handle: unknown): string {
  if (handle instanceof LocalVolume) return handle.name;
  throw new TypeError("a machine of LocalCloud can mount only disks of LocalCloud");
}
