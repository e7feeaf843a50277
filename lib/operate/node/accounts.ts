import type { ClusterView } from "../../model/cluster-view";

/** What `accounts.py` reads. */
// Types, not interfaces: they are JSON.
export type Account = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly string[];
  readonly shell: string;
  readonly home: string;
  /** OpenSSH public keys that may log in. */
  readonly keys?: readonly string[];
};

export type Accounts = {
  readonly groups: readonly { readonly name: string; readonly gid: number }[];
  readonly users: readonly Account[];
};

/** The cluster's accounts, sorted by name: the order in the users file does not matter. */
export function accountsOf({ manifest, spec }: ClusterView): Accounts {
  const homes = manifest.disks.home?.path ?? "/home";
  return {
    groups: sorted(spec.users.groups.map(({ gid, name }) => ({ name, gid }))),
    users: sorted(
      spec.users.users.map(({ gid, groups, keys, name, shell, uid }) => ({
        name,
        uid,
        gid,
        groups: [...groups].sort(),
        shell,
        home: `${homes}/${name}`,
        keys,
      })),
    ),
  };
}

function sorted<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}
