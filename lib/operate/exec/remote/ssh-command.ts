import { createHash } from "node:crypto";
import { join } from "node:path";

/** Where the operator's SSH goes, and as whom. */
export interface SshTarget {
  /** For people: the name that messages use, e.g. `master`. */
  readonly name: string;
  /** An address, or a name that OpenSSH resolves. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** `cluster`: the key pair in the cluster's private directory; `agent`: the operator's own keys and `~/.ssh/config`. */
  readonly identity: "cluster" | "agent";
  /** A program that carries the connection where no port is open, word by word; `%h` and `%p` stand for host and port. */
  readonly proxy?: readonly string[] | undefined;
}

/** Files on the operator's machine. */
export interface SshFiles {
  readonly privateDirectory: string;
  /**
   * Host keys that alone are accepted, e.g. the committed `<stack>.known_hosts`.
   *
   * @default `known_hosts` in the private directory
   */
  readonly knownHosts?: string | undefined;
}

export interface SshRoute {
  readonly target: SshTarget;
  readonly files: SshFiles;
  /** The machine to jump through; absent: there is a direct way. */
  readonly via?: SshTarget;
  /**
   * Whether the host key of a machine that is not known yet is taken as it comes, and known from then on.
   *
   * @default false
   */
  readonly learns?: boolean;
  /**
   * Whether one connection carries all sessions, on the way through `via`, too. For who has looked at the socket's
   * directory just before.
   *
   * @default true
   */
  readonly shares?: boolean;
  /**
   * Socket of an SSH agent that programs on the target may use.
   *
   * @default - none
   */
  readonly forwardedAgent?: string;
}

/** A unix socket's path has at most 107 bytes, and while OpenSSH makes it, 17 more than its name. */
const LONGEST_CONTROL_PATH = 90;

/**
 * The arguments of `ssh`, up to and including the destination; what follows is the command.
 * Host keys are always checked against the cluster's own file: an unknown machine is refused, unless it is to be learned.
 */
export function sshArguments({
  target,
  files,
  via,
  learns = false,
  shares = true,
  forwardedAgent,
}: SshRoute): string[] {
  const options: Readonly<Record<string, string>> = {
    BatchMode: "yes",
    ConnectTimeout: "10",
    ServerAliveInterval: "15",
    ServerAliveCountMax: "4",
    StrictHostKeyChecking: learns ? "accept-new" : "yes",
    HashKnownHosts: "no",
    UserKnownHostsFile: sshPath(files.knownHosts ?? join(files.privateDirectory, "known_hosts")),
    GlobalKnownHostsFile: "/dev/null",
    UpdateHostKeys: "no",
    ForwardAgent: forwardedAgent === undefined ? "no" : sshPath(forwardedAgent),
    LogLevel: "ERROR",
    ...(shares
      ? { ControlMaster: "auto", ControlPersist: "60", ControlPath: sshPath(controlPath(target, files)) }
      : { ControlMaster: "no", ControlPath: "none" }),
    ...(target.identity === "cluster" && {
      IdentityFile: sshPath(join(files.privateDirectory, "id_ed25519")),
      IdentitiesOnly: "yes",
      IdentityAgent: "none",
    }),
    ...(via === undefined &&
      // OpenSSH puts an exec before it, and a second one is a program of that name.
      target.proxy !== undefined && { ProxyCommand: target.proxy.map(shellWord).join(" ") }),
    ...(via !== undefined && { ProxyCommand: proxyCommand({ target: via, files, shares }) }),
  };
  return [
    // The cluster's own key needs nothing of the operator's configuration, and must not be changed by it.
    ...(target.identity === "cluster" ? ["-F", "none"] : []),
    ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]),
    "-p",
    String(target.port),
    "-l",
    target.user,
    "--",
    target.address,
  ];
}

/** Where live connections are shared between runs of `ohpc`: beside the keys, or below /tmp if that path is too long. */
export function controlPath(target: SshTarget, { privateDirectory }: SshFiles): string {
  const name = `m-${hash(`${target.user}@${target.address}:${target.port}`)}`;
  const path = join(privateDirectory, "cm", name);
  if (Buffer.byteLength(path) <= LONGEST_CONTROL_PATH) return path;
  return join("/tmp", `ohpc-${process.getuid?.() ?? 0}-${hash(privateDirectory)}`, name);
}

/** One word for a POSIX shell, whatever is in it. */
export function shellWord(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/** A file name as the value of an option: OpenSSH splits at blanks and expands `%`. */
function sshPath(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

/** `-J` would not hand on our options; percent signs are OpenSSH's. */
function proxyCommand(route: SshRoute): string {
  const args = sshArguments(route);
  const words = ["ssh", "-W", "[%h]:%p", ...args.map((word) => shellWord(word.replaceAll("%", "%%")))];
  return words.join(" ");
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
