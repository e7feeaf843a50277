import type { Manifest } from "../../model/manifest";
import { hostsOfPool } from "../../slurm/hosts";
import { sshArguments, shellWord, type SshRoute } from "../exec/remote/ssh-command";

type Variables = Readonly<Record<string, string | number>>;

/** A group as Ansible's YAML inventories have it. */
export interface InventoryGroup {
  readonly hosts?: Readonly<Record<string, Variables>>;
  readonly vars?: Variables;
  readonly children?: Readonly<Record<string, InventoryGroup>>;
}

export interface InventorySource {
  readonly manifest: Manifest;
  readonly privateDirectory: string;
  readonly knownHosts?: string;
}

/** The whole inventory: groups `master`, `compute`, and one per pool below `compute`. Pure. */
export function inventory({ manifest, privateDirectory, knownHosts }: InventorySource): {
  readonly all: InventoryGroup;
} {
  const { master, pools } = manifest;
  const { host: address, ...way } = master.access;
  const files = { privateDirectory, knownHosts };
  const target = { name: master.host, address, ...way };
  const compute = pools.map((pool): readonly [string, InventoryGroup] => {
    const hosts = hostsOfPool(pool).map(
      ({ name, address: nodeAddress }) => [name, { ansible_host: nodeAddress }] as const,
    );
    return [groupName(pool.name), { hosts: Object.fromEntries(hosts) }];
  });
  // Any node stands for all: Ansible itself adds the address that it goes to. Nobody looks after sockets of ours then.
  const node = { target: { ...target, name: "node", address: "node", port: 22 }, files, via: target, shares: false };
  return {
    all: {
      vars: {
        ansible_user: way.user,
        ...(way.identity === "cluster" && { ansible_ssh_private_key_file: `${privateDirectory}/id_ed25519` }),
        ohpc_cluster: manifest.cluster,
      },
      children: {
        master: {
          hosts: { [master.host]: { ansible_host: address, ansible_port: way.port } },
          vars: { ansible_ssh_common_args: commonArguments({ target, files, shares: false }) },
        },
        compute: {
          vars: { ansible_port: 22, ansible_ssh_common_args: commonArguments(node) },
          children: Object.fromEntries(compute),
        },
      },
    },
  };
}

/** The same as a dynamic inventory's `--list` tells it. */
export function inventoryList({ all }: { readonly all: InventoryGroup }): object {
  const hostvars: Record<string, Variables> = {};
  const groups: Record<string, object> = {};
  const visit = (name: string, { hosts = {}, vars, children = {} }: InventoryGroup) => {
    Object.assign(hostvars, hosts);
    groups[name] = {
      ...(Object.keys(hosts).length > 0 && { hosts: Object.keys(hosts) }),
      vars,
      ...(Object.keys(children).length > 0 && { children: Object.keys(children) }),
    };
    for (const [child, group] of Object.entries(children)) visit(child, group);
  };
  visit("all", all);
  return { _meta: { hostvars }, ...groups };
}

/** Ansible takes groups of letters, digits and underscores; a pool may not become a group that means something else. */
export function groupName(pool: string): string {
  const name = pool.replace(/[^A-Za-z0-9_]/g, "_");
  return RESERVED.has(name) || /^\d/.test(name) ? `pool_${name}` : name;
}

const RESERVED: ReadonlySet<string> = new Set(["all", "ungrouped", "master", "compute"]);

/** Options that Ansible sets by itself, from the variables of the host. */
const ANSIBLES_OWN = /^(ControlMaster|ControlPersist|ControlPath|IdentityFile|BatchMode|ConnectTimeout)=/;

/** What SSH needs beyond host, port, user and key, as Ansible splits it: like a shell. */
function commonArguments(route: SshRoute): string {
  const args = sshArguments(route);
  const options = args.slice(0, args.indexOf("-p"));
  const words = options.flatMap((word, k) => {
    if (word === "-o" && ANSIBLES_OWN.test(options[k + 1] ?? "")) return [];
    if (options[k - 1] === "-o" && ANSIBLES_OWN.test(word)) return [];
    return [/^[\w./=:-]+$/.test(word) ? word : shellWord(word)];
  });
  return words.join(" ");
}
