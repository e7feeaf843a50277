import { DataAwsEbsVolume } from "@cdktf/provider-aws/lib/data-aws-ebs-volume";
import { DataAwsEfsFileSystem } from "@cdktf/provider-aws/lib/data-aws-efs-file-system";
import { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import { EfsFileSystem } from "@cdktf/provider-aws/lib/efs-file-system";
import { EfsMountTarget } from "@cdktf/provider-aws/lib/efs-mount-target";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { Construct } from "constructs";
import type { NfsDisk } from "../../model/nfs-options";
import { NFS_PORT } from "../../model/ports";
import type { Problem } from "../../model/problems";
import type { Disk, DiskSpec } from "../cloud";
import { storageKindProblems } from "../storage-kind";
import { siteOf } from "./site";
import { type VolumeOptions, volumeProblems, VOLUME_NAMES } from "./volume";
import { oneOf, type PropertyNames, TEXT } from "../../model/properties";

export interface DiskOptions extends VolumeOptions {
  /**
   * What happens to the data when the disk leaves the stack: a last snapshot is kept, or they are gone with it, or
   * destroying it is refused.
   *
   * @default "snapshot"
   * @onChange nothing before the disk leaves the stack
   */
  readonly whenRemoved?: "snapshot" | "delete" | "refuse";
}

/** An elastic file system (EFS) instead of a disk that the master exports. */
export interface EfsOptions {
  readonly kind: "efs";

  /**
   * The ARN of the KMS key that it is encrypted with.
   *
   * @default - the account's own key for EFS
   * @onChange replaces the file system, if `whenRemoved` is "delete"; its data are lost
   */
  readonly kmsKey?: string;

  /**
   * What happens to the data when the file system leaves the stack: destroying it is refused, or they are gone with it.
   * AWS makes no last snapshot of a file system.
   *
   * @default "refuse"
   * @onChange nothing before the file system leaves the stack
   */
  readonly whenRemoved?: "refuse" | "delete";
}

/**
 * How EFS is mounted: it speaks NFS 4.1 at most, and these are the options that AWS recommends beside those of all disks.
 * https://docs.aws.amazon.com/efs/latest/ug/mounting-fs-nfs-mount-settings.html, November 2026.
 */
const EFS_MOUNT = {
  version: "4.1",
  mountOptions: ["rsize=1048576", "wsize=1048576", "timeo=600", "retrans=2", "noresvport"],
} as const satisfies Pick<NfsDisk, "version" | "mountOptions">;
export const DISK_NAMES = {
  ...VOLUME_NAMES,
  whenRemoved: oneOf("snapshot", "delete", "refuse"),
} satisfies PropertyNames<DiskOptions>;
const EFS_NAMES = {
  kind: oneOf("efs"),
  kmsKey: TEXT,
  whenRemoved: oneOf("refuse", "delete"),
} satisfies PropertyNames<EfsOptions>;
export const HOME_NAMES = { ...EFS_NAMES, ...DISK_NAMES } satisfies PropertyNames<DiskOptions | EfsOptions>;

/** An EBS volume, to be attached to the master. */
export class AwsVolume {
  constructor(
    readonly volumeId: string,
    /** Absent for a volume that was there before us. */
    readonly volume: EbsVolume | undefined,
  ) {}
}

/** A file system that every machine mounts by itself. */
export class AwsFileSystem {
  constructor(
    readonly fileSystemId: string,
    /** Absent for a file system that was there before us. */
    readonly fileSystem: EfsFileSystem | undefined,
  ) {}
}

/** A disk, or a file system, or what the master has anyway. */
export function makeDisk(scope: Construct, id: string, spec: DiskSpec, options: DiskOptions | EfsOptions): Disk {
  const { purpose, path, existing } = spec;
  // Small, and exported read-only: a directory on the state disk.
  if (purpose === "bundle") return { purpose, manifest: { kind: "directory", path }, handle: undefined, dependsOn: [] };
  if (existing?.startsWith("fs-") === true) return existingFileSystem(scope, id, spec, existing);
  if (existing !== undefined) return existingVolume(scope, id, spec, existing);
  return isEfs(options) ? newFileSystem(scope, id, spec, options) : newVolume(scope, id, spec, options);
}

/** What is wrong with what the user wants of disks. */
export function diskProblems(options: DiskOptions | EfsOptions, at: string): readonly Problem[] {
  if (!isEfs(options)) return volumeProblems(options, at);
  const kind = { names: EFS_NAMES, words: "an elastic file system" };
  return [...storageKindProblems(options, at, kind), ...volumeProblems({ kmsKey: options.kmsKey }, at)];
}

/** What is wrong with the id of a disk that exists already. */
export function existingDiskProblems(existing: string, purpose: string): readonly Problem[] {
  if (/^vol-[0-9a-f]{8,17}$/.test(existing)) return [];
  if (/^fs-[0-9a-f]{8,17}$/.test(existing)) {
    if (purpose !== "state") return [];
    return [
      {
        at: "existing",
        got: existing,
        want: "a volume (vol-…): a database does not belong on a file system of the network",
      },
    ];
  }
  return [{ at: "existing", got: existing, want: "the id of an EBS volume (vol-…) or of an EFS file system (fs-…)" }];
}

export function isEfs(options: DiskOptions | EfsOptions): options is EfsOptions {
  return "kind" in options;
}

function newVolume(scope: Construct, id: string, { site, purpose, size, path }: DiskSpec, options: DiskOptions): Disk {
  const { provider, zone, tags } = siteOf(site);
  const { type = "gp3", iops, throughput, kmsKey, whenRemoved = "snapshot" } = options;
  const volume = new EbsVolume(scope, id, {
    provider,
    availabilityZone: zone,
    type,
    iops,
    throughput,
    size: size?.toGibibytes(),
    encrypted: true,
    kmsKeyId: kmsKey,
    finalSnapshot: whenRemoved === "snapshot",
    tags: tags.named(purpose),
    ...(whenRemoved === "refuse" && { lifecycle: { preventDestroy: true } }),
  });
  const device = deviceOf(`\${replace(${volume.terraformResourceType}.${volume.friendlyUniqueId}.id, "-", "")}`);
  return {
    purpose,
    manifest: { kind: "block", device, path },
    handle: new AwsVolume(volume.id, volume),
    dependsOn: [volume],
  };
}

/** Found by its id: the names that the kernel gives (nvme1n1) change from boot to boot. */
function deviceOf(idWithoutHyphen: string): string {
  return `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${idWithoutHyphen}`;
}

function existingVolume(scope: Construct, id: string, { site, purpose, path }: DiskSpec, existing: string): Disk {
  const { provider, zone } = siteOf(site);
  const found = new DataAwsEbsVolume(scope, id, {
    provider,
    filter: [{ name: "volume-id", values: [existing] }],
    lifecycle: {
      postcondition: [
        {
          condition: `\${self.availability_zone == "${zone}"}`,
          errorMessage: `the volume ${existing} is in \${self.availability_zone}, but the cluster is in ${zone}: make a snapshot of it and a volume from that in ${zone}, or give the cloud the zone of the volume`,
        },
      ],
    },
  });
  const manifest = { kind: "block", device: deviceOf(existing.replaceAll("-", "")), path } as const;
  return { purpose, manifest, handle: new AwsVolume(existing, undefined), dependsOn: [found] };
}

function newFileSystem(scope: Construct, id: string, { site, purpose, path }: DiskSpec, options: EfsOptions): Disk {
  const { kmsKey, whenRemoved = "refuse" } = options;
  const { provider, tags, subnets } = siteOf(site);
  const fileSystem = new EfsFileSystem(scope, id, {
    provider,
    encrypted: true,
    kmsKeyId: kmsKey,
    tags: tags.named(purpose),
    creationToken: `${site.cluster}-${purpose}`,
    throughputMode: "elastic",
    ...(whenRemoved === "refuse" && { lifecycle: { preventDestroy: true } }),
  });
  const group = new SecurityGroup(scope, `${id}-group`, {
    provider,
    vpcId: subnets.vpcId,
    name: `${site.cluster}-${purpose}`,
    tags: tags.named(purpose),
    description: "NFS from machines of the cluster",
  });
  new VpcSecurityGroupIngressRule(scope, `${id}-nfs`, {
    provider,
    securityGroupId: group.id,
    cidrIpv4: site.cidr,
    ipProtocol: "tcp",
    tags: tags.named(`${purpose}-nfs`),
    fromPort: NFS_PORT,
    toPort: NFS_PORT,
    description: "Home directories",
  });
  const target = new EfsMountTarget(scope, `${id}-target`, {
    provider,
    fileSystemId: fileSystem.id,
    subnetId: subnets.masterSubnetId,
    securityGroups: [group.id],
  });
  const manifest = efsManifest(fileSystem.dnsName, path);
  return { purpose, manifest, handle: new AwsFileSystem(fileSystem.id, fileSystem), dependsOn: [target] };
}

function efsManifest(server: string, path: string): NfsDisk {
  return {
    kind: "nfs",
    server,
    export: "/",
    path,
    version: EFS_MOUNT.version,
    mountOptions: [...EFS_MOUNT.mountOptions],
  };
}

function existingFileSystem(scope: Construct, id: string, { site, purpose, path }: DiskSpec, existing: string): Disk {
  const { provider } = siteOf(site);
  const found = new DataAwsEfsFileSystem(scope, id, { provider, fileSystemId: existing });
  const manifest = efsManifest(found.dnsName, path);
  return { purpose, manifest, handle: new AwsFileSystem(existing, undefined), dependsOn: [found] };
}
