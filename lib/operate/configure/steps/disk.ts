import type { ClusterView } from "../../../model/cluster-view";
import type { ManifestDisk } from "../../../model/manifest";
import { nfsMountOptions } from "../../../model/nfs-options";
import { Duration } from "../../../units";
import type { Remedy, Step } from "../step/step";

/** A disk as the master should have it: what the manifest says of it, and whether it is so. */
export type DiskState = {
  readonly kind: ManifestDisk["kind"] | "none";
  readonly ready: boolean;
  readonly path?: string;
  readonly server?: string;
  readonly export?: string;
  /** What an NFS server is mounted with. */
  readonly options?: string;
};

/**
 * A disk of the master. What the platform mounts is only checked. A block device is mounted by UUID, and formatted only
 * when it is blank: device names may be swapped between boots, and somebody's data may lie on what we think is ours.
 */
export function diskStep({ id, needs, of, title }: DiskStepProps): Step<DiskState> {
  return {
    id,
    title,
    needs,
    desired: (cluster) => ({ ...desiredDisk(of(cluster)), ready: true }),
    inspect: INSPECT,
    apply: APPLY,
    effect: () => "live",
    remedies: REMEDIES,
    timeout: Duration.minutes(10),
  };
}

function desiredDisk(disk: ManifestDisk | undefined): Omit<DiskState, "ready"> {
  if (disk?.kind !== "nfs") return disk ?? { kind: "none" };
  const { kind, server, export: exported, path } = disk;
  return { kind, server, export: exported, path, options: nfsMountOptions(disk) };
}

export interface DiskStepProps {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly string[];
  /** Absent: the cluster has no such disk, and there is nothing to be made true. */
  readonly of: (cluster: ClusterView) => ManifestDisk | undefined;
}

const VALUES = String.raw`
desired=$(cat)
value() { jq -r --arg key "$1" '.[$key] // ""' <<<"$desired"; }
kind=$(value kind)
path=$(value path)
`;

/** Prints the desired state, with what is really the case in `ready`. */
const INSPECT = String.raw`${VALUES}
is_ready() {
  case $kind in
    none) ;;
    mounted) mountpoint -q "$path" ;;
    directory) [ -d "$path" ] ;;
    nfs)
      [ "$(findmnt --noheadings --output SOURCE --mountpoint "$path")" = "$(value server):$(value export)" ] &&
        grep -q "^$(value server):$(value export) $path nfs4 $(value options),_netdev,nofail " /etc/fstab
      ;;
    block)
      device=$(readlink -e "$(value device)") && uuid=$(blkid --match-tag UUID --output value "$device") &&
        [ "$(findmnt --noheadings --output UUID --mountpoint "$path")" = "$uuid" ] && grep -q "^UUID=$uuid $path " /etc/fstab
      ;;
  esac
}
ready=false
if is_ready; then ready=true; fi
jq -c --argjson ready "$ready" '.ready = $ready' <<<"$desired"
`;

const APPLY = String.raw`${VALUES}
in_fstab() { # SOURCE TYPE OPTIONS PASS
  # Neither another disk here, nor this one elsewhere.
  awk -v path="$path" -v source="$1" '($2 != path && $1 != source) || /^[[:space:]]*#/' /etc/fstab >/etc/fstab.ohpc
  echo "$1 $path $2 $3 0 $4" >>/etc/fstab.ohpc
  chmod 0644 /etc/fstab.ohpc
  mv -fT /etc/fstab.ohpc /etc/fstab
  systemctl daemon-reload
}

# What is in use is not taken away: the next boot mounts what /etc/fstab has now.
mount_here() { # COLUMN VALUE
  local found
  if found=$(findmnt --noheadings --output "$1" --mountpoint "$path"); then
    if [ "$found" != "$2" ]; then
      echo "another disk is mounted at $path: $(findmnt --noheadings --output SOURCE --mountpoint "$path"), not $2" >&2
      exit 1
    fi
  else
    timeout 300 mount "$path"
  fi
}

wait_for_device() {
  for ((k = 0; k < 600; k++)); do
    if [ -b "$1" ]; then return; fi
    sleep 0.5
  done
  echo "$1: no such device after 5 minutes" >&2
  exit 1
}

# Formats only what nothing recognises: no file system, partition table, LVM, RAID, LUKS or swap.
format_when_blank() {
  local code=0 found
  found=$(blkid --probe --output full "$1") || code=$?
  if [ "$code" = 0 ]; then
    case $found in
      *' USAGE="filesystem"'*) return ;;
      *) echo "$1 holds something that is no file system and is left alone: $found" >&2 && exit 1 ;;
    esac
  fi
  if [ "$code" != 2 ] || [ -n "$(wipefs --noheadings --no-act "$1")" ] || [ "$(lsblk --noheadings --list --output NAME "$1" | wc -l)" != 1 ]; then
    echo "$1 is not blank, and holds no single file system: it is left alone" >&2
    exit 1
  fi
  mkfs.ext4 -q "$1"
  udevadm settle 2>/dev/null || true
}

case $kind in
  mounted)
    mountpoint -q "$path" || { echo "$path is not mounted, though the platform should have done it" >&2 && exit 1; }
    ;;
  directory) mkdir -p "$path" ;;
  nfs)
    mkdir -p "$path"
    in_fstab "$(value server):$(value export)" nfs4 "$(value options),_netdev,nofail" 0
    mount_here SOURCE "$(value server):$(value export)"
    ;;
  block)
    wait_for_device "$(value device)"
    device=$(readlink -e "$(value device)")
    format_when_blank "$device"
    mkdir -p "$path"
    uuid=$(blkid --probe --match-tag UUID --output value "$device")
    in_fstab "UUID=$uuid" "$(blkid --probe --match-tag TYPE --output value "$device")" \
      nosuid,nodev,nofail,x-systemd.device-timeout=90 2
    mount_here UUID "$uuid"
    ;;
esac
`;

const REMEDIES: readonly Remedy[] = [
  {
    when: /left alone/,
    cause: "the device is not blank and holds no file system that could be mounted",
    remedy: "look at it (ohpc ssh, lsblk -f); if nothing on it is needed, wipe it yourself (wipefs --all DEVICE)",
  },
  {
    when: /another disk is mounted at/,
    cause: "the stack has another disk for that place than the machine has mounted, which may be in use",
    remedy:
      "end all jobs and reboot the machine, which then mounts the new one; nodes with the old one want a reboot, too",
  },
  {
    when: /no such device/,
    cause: "the disk is not attached to the master",
    remedy: "run ohpc up, which attaches it",
  },
  {
    when: /though the platform should have/,
    cause: "the machine was made without the disk",
    remedy: "run ohpc up, which makes it anew",
  },
];
