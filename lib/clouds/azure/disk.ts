import { DataAzurermManagedDisk } from "@cdktf/provider-azurerm/lib/data-azurerm-managed-disk";
import { ManagedDisk } from "@cdktf/provider-azurerm/lib/managed-disk";
import { ManagementLock } from "@cdktf/provider-azurerm/lib/management-lock";
import { StorageAccount } from "@cdktf/provider-azurerm/lib/storage-account";
import { StorageShare } from "@cdktf/provider-azurerm/lib/storage-share";
import type { Construct } from "constructs";
import type { Disk, DiskPurpose, DiskSpec } from "../cloud";
import type { NfsDisk } from "../../model/nfs-options";
import { type AzureFilesOptions, type DiskOptions, FILES_MOUNT, isAzureFiles, SHARE_TYPE } from "./disk-options";
import { diskName, isResourceId, parseResourceId, storageAccountName } from "./names";
import { siteOf } from "./site";
import type { VolumeOptions } from "./volume";

/** A managed disk, to be attached to the master. */
export class AzureVolume {
  constructor(
    readonly volumeId: string,
    readonly caching: NonNullable<VolumeOptions["caching"]>,
    /** Absent for a disk that was there before us. */
    readonly volume: ManagedDisk | undefined,
    /** Whether a last snapshot is made when it leaves the stack. */
    readonly snapshotWhenRemoved: boolean,
  ) {}
}

/** A share that every machine mounts by itself. */
export class AzureFileSystem {
  constructor(
    readonly shareId: string,
    /** Absent for a share that was there before us. */
    readonly share: StorageShare | undefined,
  ) {}
}

/** Under which number a disk is attached: the same for ever, whatever else is attached. */
const LUNS = { state: 0, home: 1 } as const satisfies Record<Exclude<DiskPurpose, "bundle">, number>;

/** What may be attached to a master. */
export const ATTACHABLE = Object.keys(LUNS) as (keyof typeof LUNS)[];

export function lunOf(purpose: DiskPurpose): number {
  if (purpose === "bundle") throw new Error("bug in AzureCloud: the bundle is no disk");
  return LUNS[purpose];
}

export interface DiskSettings {
  readonly options: DiskOptions | AzureFilesOptions;
  /** Whether Azure refuses to delete it. */
  readonly protect: boolean;
}

/** A disk, or a share, or what the master has anyway. */
export function makeDisk(scope: Construct, id: string, spec: DiskSpec, { options, protect }: DiskSettings): Disk {
  const { purpose, path, existing } = spec;
  // Small, and exported read-only: a directory on the state disk.
  if (purpose === "bundle") return { purpose, manifest: { kind: "directory", path }, handle: undefined, dependsOn: [] };
  if (existing !== undefined && isResourceId(existing, SHARE_TYPE)) return existingShare(spec, existing);
  if (existing !== undefined) return existingVolume(scope, id, spec, existing, isAzureFiles(options) ? {} : options);
  return isAzureFiles(options)
    ? newShare(scope, id, spec, options, protect)
    : newVolume(scope, id, spec, options, protect);
}

function newVolume(
  scope: Construct,
  id: string,
  { site, purpose, size, path }: DiskSpec,
  options: DiskOptions,
  protect: boolean,
): Disk {
  const { provider, location, zone, group, prefix, tags } = siteOf(site);
  const { type = "Premium_LRS", iops, throughput, caching = "None", encryptionSet, whenRemoved = "snapshot" } = options;
  const volume = new ManagedDisk(scope, id, {
    provider,
    location,
    resourceGroupName: group.name,
    name: diskName(prefix, purpose),
    tags: tags.ofCluster(),
    storageAccountType: type,
    createOption: "Empty",
    diskSizeGb: size?.toGibibytes(),
    // A disk with copies in all zones is in none.
    ...(!type.endsWith("_ZRS") && { zone }),
    diskIopsReadWrite: iops,
    diskMbpsReadWrite: throughput,
    diskEncryptionSetId: encryptionSet,
    networkAccessPolicy: "DenyAll",
    publicNetworkAccessEnabled: false,
    ...(whenRemoved === "refuse" && { lifecycle: { preventDestroy: true } }),
  });
  if (protect) lock(scope, `${id}-lock`, volume.id, notesOf(purpose), provider);
  return {
    purpose,
    manifest: { kind: "block", device: deviceOf(purpose), path },
    handle: new AzureVolume(volume.id, caching, volume, whenRemoved === "snapshot"),
    dependsOn: [volume],
  };
}

function notesOf(purpose: DiskPurpose): string {
  return purpose === "home" ? "Home directories of the cluster" : "State of the cluster: accounting, keys, uids";
}

/** Keeps something from being deleted by a slip in the portal. Terraform takes the lock away before what it locks. */
export function lock(
  scope: Construct,
  id: string,
  resource: string,
  notes: string,
  provider: ManagementLock["provider"],
): ManagementLock {
  return new ManagementLock(scope, id, { provider, name: "ohpc", scope: resource, lockLevel: "CanNotDelete", notes });
}

/** Found by the number it is attached under: the names that the kernel gives (sdc, nvme0n2) change from boot to boot. */
function deviceOf(purpose: DiskPurpose): string {
  return `/dev/disk/azure/data/by-lun/${lunOf(purpose)}`;
}

function existingVolume(
  scope: Construct,
  id: string,
  { site, purpose, path }: DiskSpec,
  existing: string,
  { caching = "None" }: DiskOptions,
): Disk {
  const { provider, zone } = siteOf(site);
  const { group, names } = parseResourceId(existing) ?? { group: "", names: [""] };
  const inZone =
    zone === undefined ? 'join("", self.zones) == ""' : `join("", self.zones) == "" || contains(self.zones, "${zone}")`;
  const found = new DataAzurermManagedDisk(scope, id, {
    provider,
    resourceGroupName: group,
    name: names[0] ?? "",
    lifecycle: {
      postcondition: [
        {
          condition: `\${${inZone}}`,
          errorMessage: `the disk ${existing} is in zone \${join(", ", self.zones)}, but the cluster is in ${zone ?? "none"}: give the cloud the zone of the disk, or make a disk there from a snapshot of it`,
        },
        {
          condition: `\${lower(self.id) == lower("${existing}")}`,
          errorMessage: `the disk was found as \${self.id}, but the stack says ${existing}: is it in another subscription?`,
        },
      ],
    },
  });
  const handle = new AzureVolume(existing, caching, undefined, false);
  return { purpose, manifest: { kind: "block", device: deviceOf(purpose), path }, handle, dependsOn: [found] };
}

/** Azure makes no share of less. */
const SMALLEST_SHARE = 100;

function newShare(
  scope: Construct,
  id: string,
  { site, purpose, size, path }: DiskSpec,
  options: AzureFilesOptions,
  protect: boolean,
): Disk {
  const { provider, location, group, prefix, subnets, tags } = siteOf(site);
  const { storageAccount = storageAccountName(site.cluster, prefix, location), zoneRedundant = false } = options;
  const { whenRemoved = "refuse" } = options;
  const lifecycle = whenRemoved === "refuse" ? { preventDestroy: true } : undefined;
  const account = new StorageAccount(scope, `${id}-account`, {
    provider,
    location,
    resourceGroupName: group.name,
    name: storageAccount,
    tags: tags.ofCluster(),
    accountKind: "FileStorage",
    accountTier: "Premium",
    accountReplicationType: zoneRedundant ? "ZRS" : "LRS",
    // NFS is encrypted by no TLS: the account refuses it while it insists on HTTPS. It stays within the subnets.
    httpsTrafficOnlyEnabled: false,
    minTlsVersion: "TLS1_2",
    allowNestedItemsToBePublic: false,
    sharedAccessKeyEnabled: false,
    crossTenantReplicationEnabled: false,
    networkRules: {
      defaultAction: "Deny",
      bypass: ["None"],
      virtualNetworkSubnetIds: [...new Set([subnets.masterSubnetId, subnets.poolSubnetId])],
    },
    lifecycle,
  });
  const share = new StorageShare(scope, id, {
    provider,
    name: purpose,
    storageAccountId: account.id,
    enabledProtocol: "NFS",
    quota: Math.max(SMALLEST_SHARE, size?.toGibibytes() ?? 0),
    lifecycle,
  });
  if (protect) lock(scope, `${id}-lock`, account.id, notesOf(purpose), provider);
  const manifest = shareManifest(account.primaryFileHost, storageAccount, purpose, path);
  return { purpose, manifest, handle: new AzureFileSystem(share.id, share), dependsOn: [share] };
}

function existingShare({ purpose, path }: DiskSpec, existing: string): Disk {
  const [account = "", , share = ""] = parseResourceId(existing)?.names ?? [];
  const manifest = shareManifest(`${account}.file.core.windows.net`, account, share, path);
  return { purpose, manifest, handle: new AzureFileSystem(existing, undefined), dependsOn: [] };
}

function shareManifest(server: string, account: string, share: string, path: string): NfsDisk {
  const { version, mountOptions } = FILES_MOUNT;
  return { kind: "nfs", server, export: `/${account}/${share}`, path, version, mountOptions: [...mountOptions] };
}
