import type { ClusterView } from "../../model/cluster-view";
import type { ManifestDisk } from "../../model/manifest";
import { nfsMountOptions, OWN_NFS_OPTIONS } from "../../model/nfs-options";
import { SLURMCTLD_PORT } from "../../model/ports";
import { textBeside } from "../../package/text-beside";
import { expandHosts } from "../../slurm/hostlist";
import { hostsOf, hostsOfPool } from "../../slurm/hosts";
import { applyRolesProgram } from "../../software/programs";
import { softwareHash } from "../../software/roles";
import { type Accounts, accountsOf } from "./accounts";

/** Where the master keeps what it hands to its nodes: `generations/<n>/…`, and `current`, which names one of them. */
export const BUNDLE_DIRECTORY = "/srv/ohpc/bundle";

/** The content of a program beside this file. */
export function programText(name: "accounts.py" | "ask.py" | "converge.sh" | "write-hosts.sh"): string {
  return textBeside(__dirname, name);
}

/** What every node gets, by file name; the master adds `generation`, `munge.key` and `slurm-version`. Pure, but for reading our own programs. */
export function bundleFiles(cluster: ClusterView): Readonly<Record<string, string>> {
  return {
    hosts: hostsFile(cluster),
    nodes: nodesFile(cluster),
    "node.json": json(nodeFacts(cluster)),
    [ACCOUNTS_FILE]: accountsFile(cluster),
    // Names the roles that make a machine a node; they lie beside the generations, for those that need them.
    software: `${softwareHash()}\n`,
    converge: programText("converge.sh"),
    "apply-roles": applyRolesProgram(),
    "accounts.py": programText("accounts.py"),
    "ask.py": programText("ask.py"),
    "write-hosts": programText("write-hosts.sh"),
  };
}

/** The part of /etc/hosts that is the cluster's. */
export function hostsFile({ manifest }: ClusterView): string {
  const lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback", ...addressLines({ manifest })];
  return `${lines.join("\n")}\n`;
}

/** One line for each machine: its address, its name. */
export function addressLines({ manifest }: Pick<ClusterView, "manifest">): readonly string[] {
  return hostsOf(manifest).map(({ address, name }) => `${address} ${name}`);
}

/** One line for each compute node: its name, its pool. */
function nodesFile({ manifest }: ClusterView): string {
  return manifest.pools.flatMap((pool) => hostsOfPool(pool).map(({ name }) => `${name} ${pool.name}\n`)).join("");
}

/** What a node must know to become one. */
export interface NodeFacts {
  readonly cluster: string;
  readonly master: { readonly host: string; readonly address: string };
  readonly slurmctldPort: number;
  /** Whether users are to be kept from the machine's cloud identity. */
  readonly metadata: boolean;
  readonly home: NodeHome;
  readonly pools: readonly { readonly name: string; readonly devices: readonly string[] }[];
}

/** Where a node's home directories come from. */
export type NodeHome =
  /** Each machine has its own. */
  | { readonly kind: "none"; readonly path: string }
  /** The platform has mounted them. */
  | { readonly kind: "mounted"; readonly path: string }
  | {
      readonly kind: "nfs";
      readonly path: string;
      readonly server: string;
      readonly export: string;
      readonly options: string;
    };

function nodeFacts({ manifest }: ClusterView): NodeFacts {
  const { address, host } = manifest.master;
  return {
    cluster: manifest.cluster,
    master: { host, address },
    slurmctldPort: SLURMCTLD_PORT,
    metadata: manifest.sites.some(({ facts }) => facts.metadata === true),
    home: homeOfNode(manifest.disks.home, address),
    pools: manifest.pools.map(({ gres, name }) => ({ name, devices: gres.flatMap(({ files }) => expandHosts(files)) })),
  };
}

/** What the master has on a disk of its own, it exports. */
function homeOfNode(home: ManifestDisk | undefined, master: string): NodeHome {
  if (home === undefined) return { kind: "none", path: "/home" };
  const { path } = home;
  if (home.kind === "mounted") return { kind: "mounted", path };
  if (home.kind === "nfs")
    return { kind: "nfs", path, server: home.server, export: home.export, options: nfsMountOptions(home) };
  return { kind: "nfs", path, server: master, export: path, options: OWN_NFS_OPTIONS };
}

/** The name of the one file of the bundle that is the users'. */
export const ACCOUNTS_FILE = "accounts.json";

/** What it says: nobody logs in to a node with a key of their own. */
export function accountsFile(cluster: ClusterView): string {
  const { groups, users } = accountsOf(cluster);
  const accounts: Accounts = { groups, users: users.map(({ keys: _, ...user }) => user) };
  return json(accounts);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
