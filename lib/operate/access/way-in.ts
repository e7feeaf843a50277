import { join } from "node:path";
import type { ClusterView } from "../../model/cluster-view";
import type { ManifestPool } from "../../model/manifest";
import { hostsOfPool } from "../../slurm/hosts";
import { shellWord } from "../exec/remote/ssh-command";
import type { MasterAccess } from "./master-access";

/** How somebody logs in to the master without `ohpc`. */
export interface WayIn {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Which private key opens it. */
  readonly key: string;
  /** Lines for `~/.ssh/config`, where the cluster then has its own name. */
  readonly sshConfig: readonly string[];
}

/**
 * The way in of the first user of the cluster, whose name stands for all; of the administrator where there are none, and
 * then to nodes, too: the keys of users open the master alone. Pure.
 */
export function wayIn(
  { spec }: Pick<ClusterView, "spec">,
  { manifest, privateDirectory, knownHosts }: MasterAccess,
): WayIn {
  const { cluster, master, pools } = manifest;
  const { host, port, proxy, user: administrator } = master.access;
  const person = spec.users.users[0]?.name;
  const user = person ?? administrator;
  const own = join(privateDirectory, "id_ed25519");
  const isCluster = person === undefined && master.access.identity === "cluster";
  const known = knownHosts ?? join(privateDirectory, "known_hosts");
  const common = [
    `  User ${user}`,
    ...(isCluster ? [`  IdentityFile ${quoted(own)}`] : []),
    `  UserKnownHostsFile ${quoted(known)}`,
  ];
  return {
    host,
    port,
    user,
    key: isCluster ? `the key ${own}` : person === undefined ? "your own key" : "the user's own key (users file)",
    sshConfig: [
      `Host ${cluster}`,
      `  HostName ${host}`,
      `  Port ${port}`,
      ...common,
      ...(proxy === undefined ? [] : [`  ProxyCommand ${proxy.map(shellWord).join(" ")}`]),
      ...(pools.length === 0 || person !== undefined
        ? []
        : [`Host ${[...new Set(pools.flatMap(hostPatterns))].join(" ")}`, `  ProxyJump ${cluster}`, ...common]),
    ],
  };
}

/** The hosts of a pool as OpenSSH matches names, and also those that come when it grows, if no other name fits by that. */
function hostPatterns(pool: ManifestPool): readonly string[] {
  return hostsOfPool(pool).map(({ name }) =>
    /-\d+$/.test(name) ? name.replace(/\d+$/, "*") : name.replace(/\d+$/, (digits) => "?".repeat(digits.length)),
  );
}

/** OpenSSH splits at blanks and expands `%`. */
function quoted(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}
