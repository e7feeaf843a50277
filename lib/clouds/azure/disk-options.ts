import type { NfsDisk } from "../../model/nfs-options";
import type { Problem } from "../../model/problems";
import { storageKindProblems } from "../storage-kind";
import { isResourceId, storageAccountProblems } from "./names";
import { type VolumeOptions, volumeProblems, VOLUME_NAMES } from "./volume";
import { FLAG, oneOf, type PropertyNames, TEXT } from "../../model/properties";

export interface DiskOptions extends VolumeOptions {
  /**
   * What happens to the data when the disk leaves the stack: a last snapshot is kept (in a resource group of its own; the
   * operator needs the `az` program for it), or they are gone with it, or destroying it is refused.
   *
   * @default "snapshot"
   * @onChange nothing before the disk leaves the stack
   */
  readonly whenRemoved?: "snapshot" | "delete" | "refuse";
}

/** A share of Azure Files instead of a disk that the master exports. */
export interface AzureFilesOptions {
  readonly kind: "azure-files";

  /**
   * The name of the storage account that is made, of which there is one in the whole world.
   *
   * @default - made of the cluster's name and a hash
   * @onChange replaces the share, if `whenRemoved` is "delete"; its data are lost
   */
  readonly storageAccount?: string;

  /**
   * Whether copies are kept in three zones instead of one building.
   *
   * @default false
   * @onChange replaces the share, if `whenRemoved` is "delete"; its data are lost
   */
  readonly zoneRedundant?: boolean;

  /**
   * What happens to the data when the share leaves the stack: destroying it is refused, or they are gone with it. The
   * snapshots of a share are part of it, and end with it.
   *
   * @default "refuse"
   * @onChange nothing before the share leaves the stack
   */
  readonly whenRemoved?: "refuse" | "delete";
}

/**
 * How a share is mounted: Azure Files speaks NFS 4.1 and nothing else, and these are the options that Azure recommends
 * beside those of all disks, for throughput and for connections that come back.
 * https://learn.microsoft.com/azure/storage/files/files-nfs-protocol,
 * https://learn.microsoft.com/azure/storage/files/storage-files-how-to-mount-nfs-shares, November 2026.
 */
export const FILES_MOUNT = {
  version: "4.1",
  mountOptions: ["sec=sys", "nconnect=4", "noresvport"],
} as const satisfies Pick<NfsDisk, "version" | "mountOptions">;
export const DISK_NAMES = {
  ...VOLUME_NAMES,
  whenRemoved: oneOf("snapshot", "delete", "refuse"),
} satisfies PropertyNames<DiskOptions>;
const FILES_NAMES = {
  kind: oneOf("azure-files"),
  storageAccount: TEXT,
  zoneRedundant: FLAG,
  whenRemoved: oneOf("refuse", "delete"),
} satisfies PropertyNames<AzureFilesOptions>;
export const HOME_NAMES = { ...FILES_NAMES, ...DISK_NAMES } satisfies PropertyNames<DiskOptions | AzureFilesOptions>;

/** The service of Azure that subnets have to reach where there is a share. */
export const FILES_ENDPOINT = "Microsoft.Storage";
const DISK_TYPE = "Microsoft.Compute/disks";
export const SHARE_TYPE = "Microsoft.Storage/storageAccounts/fileServices/shares";

/** What is wrong with what the user wants of disks. */
export function diskProblems(
  options: DiskOptions | AzureFilesOptions,
  at: string,
  zone: string | undefined,
): readonly Problem[] {
  if (!isAzureFiles(options)) {
    const disk = { names: DISK_NAMES, words: "a managed disk" };
    return [...storageKindProblems(options, at, disk), ...volumeProblems(options, at, zone)];
  }
  const { storageAccount } = options;
  return [
    ...storageKindProblems(options, at, { names: FILES_NAMES, words: "a share of Azure Files" }),
    ...(storageAccount === undefined ? [] : storageAccountProblems(storageAccount, `${at}.storageAccount`)),
  ];
}

/** What is wrong with the id of a disk that exists already. */
export function existingDiskProblems(existing: string, purpose: string): readonly Problem[] {
  if (isResourceId(existing, DISK_TYPE)) return [];
  if (isResourceId(existing, SHARE_TYPE)) {
    if (purpose !== "state") return [];
    return [
      {
        at: "existing",
        got: existing,
        want: "a managed disk: a database does not belong on a file system of the network",
      },
    ];
  }
  const want =
    "the id of a managed disk (…/Microsoft.Compute/disks/NAME) or of a share (…/storageAccounts/NAME/fileServices/default/shares/NAME)";
  return [{ at: "existing", got: existing, want }];
}

export function isAzureFiles(options: DiskOptions | AzureFilesOptions): options is AzureFilesOptions {
  return "kind" in options;
}
