import { parseRange } from "../../../model/cidr";
import type { ClusterView } from "../../../model/cluster-view";
import { DocumentError } from "../../../model/document-error";
import type { ManifestDisk } from "../../../model/manifest";
import { cpusOf } from "../../../slurm/memory";
import type { Step } from "../step/step";
import { coverWithSubnets } from "./cover";
import { FILE_JSON, START_AT_BOOT } from "./shell";

export type ExportsState = {
  /** For exportfs; empty: this master serves nothing. */
  readonly exports: string;
  /** The server's own settings. */
  readonly settings: string;
  readonly serving: boolean;
};

/**
 * What the master serves to its nodes over NFS: NFSv4 only, to the addresses of the pools and nobody else.
 * What the platform mounts everywhere, or another server has, is not the master's to export.
 */
export const nfsExports: Step<ExportsState> = {
  id: "exports",
  title: "NFS exports",
  needs: ["home-disk"],
  desired: (cluster) => {
    const exports = exportsFile(cluster);
    return exports === ""
      ? { exports, settings: "", serving: false }
      : { exports, settings: settingsOf(cluster), serving: true };
  },
  inspect: String.raw`
${FILE_JSON}
served=/etc/exports.d/ohpc.exports
serving=false
if [ -s "$served" ] && systemctl is-active --quiet nfs-server && [ ! "$served" -nt /var/lib/nfs/etab ]; then serving=true; fi
jq -cn --argjson exports "$(file_json "$served")" --argjson settings "$(file_json /etc/nfs.conf.d/ohpc.conf)" --argjson serving "$serving" \
  '{exports: ($exports // ""), settings: ($settings // ""), serving: $serving}'
`,
  apply: String.raw`
${START_AT_BOOT}
desired=$(cat)
mkdir -p /etc/exports.d /etc/nfs.conf.d
if [ -z "$(jq -r .exports <<<"$desired")" ]; then
  rm -f /etc/exports.d/ohpc.exports /etc/nfs.conf.d/ohpc.conf
  if command -v exportfs >/dev/null; then exportfs -ra; fi
  exit
fi
before=$(cat /etc/nfs.conf.d/ohpc.conf 2>/dev/null || true)
jq -j .settings <<<"$desired" >/etc/nfs.conf.d/ohpc.conf
jq -j .exports <<<"$desired" >/etc/exports.d/ohpc.exports
# NFSv4 needs none of the helpers of its predecessors, which listen on ports of their own.
systemctl mask --now --quiet rpcbind.socket rpcbind.service rpc-statd.service 2>/dev/null || true
start_at_boot nfs-server
if [ "$before" = "$(cat /etc/nfs.conf.d/ohpc.conf)" ]; then systemctl start nfs-server; else systemctl restart nfs-server; fi
exportfs -ra
`,
  effect: () => "live",
  files: ({ exports, settings }) => ({
    "/etc/exports.d/ohpc.exports": exports === "" ? null : exports,
    "/etc/nfs.conf.d/ohpc.conf": settings === "" ? null : settings,
  }),
  words: (before, after) =>
    (before?.serving ?? false) === after.serving ? [] : [`NFS ${after.serving ? "serves" : "stops"}`],
  remedies: [
    {
      when: /exportfs: (command )?not found|nfs-server\.service not found/,
      cause: "the machine has no NFS server",
      remedy: "use an image that has one (Debian: nfs-kernel-server), or a home disk that the platform serves",
    },
  ],
};

/** exports(5) for the disks that lie on the master. */
export function exportsFile({ manifest }: ClusterView): string {
  const clients = manifest.pools.flatMap(({ addresses }) => addresses.map(rangeOf)).sort((a, b) => a.first - b.first);
  const subnets = clients.flatMap(coverWithSubnets);
  if (subnets.length === 0) return "";
  const line = (path: string, options: string) =>
    `${path} ${subnets.map((subnet) => `${subnet}(${options})`).join(" ")}\n`;
  const { bundle, home } = manifest.disks;
  return [
    ...(isServed(home) ? [line(home.path, "rw,sync,secure,root_squash,no_subtree_check")] : []),
    // Holds the munge key: only root can read it there, so root of a node must be root here; nobody can write.
    ...(isServed(bundle) ? [line(bundle.path, "ro,sync,secure,no_root_squash,no_subtree_check")] : []),
  ].join("");
}

function isServed(disk: ManifestDisk | undefined): disk is ManifestDisk {
  return disk?.kind === "block" || disk?.kind === "directory";
}

/** Threads: four per core, as all that have thousands of clients found; the kernel's default of 8 is for an office. */
function settingsOf({ manifest }: ClusterView): string {
  const threads = Math.min(256, Math.max(8, 4 * cpusOf(manifest.master.shape)));
  return `[nfsd]\nthreads=${threads}\nvers3=n\nvers4=y\nvers4.0=n\nvers4.1=y\nvers4.2=y\n`;
}

function rangeOf(run: string) {
  const range = parseRange(run);
  if (range === undefined) throw new DocumentError(`${JSON.stringify(run)} is not a run of IPv4 addresses`);
  return range;
}
