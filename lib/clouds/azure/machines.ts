import { AvailabilitySet } from "@cdktf/provider-azurerm/lib/availability-set";
import { LinuxVirtualMachine, type LinuxVirtualMachineConfig } from "@cdktf/provider-azurerm/lib/linux-virtual-machine";
import type { ManagementLock } from "@cdktf/provider-azurerm/lib/management-lock";
import { NetworkInterface } from "@cdktf/provider-azurerm/lib/network-interface";
import { NetworkInterfaceApplicationSecurityGroupAssociation } from "@cdktf/provider-azurerm/lib/network-interface-application-security-group-association";
import { NetworkInterfaceSecurityGroupAssociation } from "@cdktf/provider-azurerm/lib/network-interface-security-group-association";
import { ProximityPlacementGroup } from "@cdktf/provider-azurerm/lib/proximity-placement-group";
import { PublicIp } from "@cdktf/provider-azurerm/lib/public-ip";
import { VirtualMachineDataDiskAttachment } from "@cdktf/provider-azurerm/lib/virtual-machine-data-disk-attachment";
import type { ITerraformDependable, TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import type { ManifestMaster } from "../../model/manifest";
import { SSH_PORT } from "../../model/ports";
import type { MachineGroup, MachinesSpec, Site } from "../cloud";
import { attributeOf, forEachHost } from "../for-each";
import type { TerraformData } from "../terraform-data";
import { warn } from "../warn";
import { type BastionReference, bastionProxy } from "./bastion";
import { ATTACHABLE, AzureVolume, lock, lunOf } from "./disk";
import type { ImageSource } from "./image";
import { lastSnapshot } from "./last-snapshot";
import type { AzureMachine, AzureMachineOptions } from "./machine";
import { featuresOf, warnings } from "./machine-features";
import { diskName, groupName } from "./names";
import { siteOf } from "./site";

export interface MachineSettings {
  readonly machine: AzureMachine;
  readonly image: ImageSource;
  readonly userData: string;
  readonly sshPublicKey: string;
  /** The id of a user-assigned identity; absent for machines that may do nothing in Azure. */
  readonly identity: string | undefined;
  /** How the operator gets in: a fixed public address, the private one, or a Bastion. */
  readonly way: "public" | "private" | BastionReference;
  readonly protect: boolean;
}

/** Azure refuses `root` here; it is root that cloud-init lets in with the same key. */
const FIRST_USER = "ohpc";

/**
 * Equal machines: network interfaces with fixed addresses and virtual machines, both with `for_each` by host name.
 * What azurerm would replace a machine for, but a running cluster must outlive, is looked at only when it is made.
 */
export class AzureMachines implements MachineGroup {
  readonly interfaces: NetworkInterface;
  /** What puts the interfaces under the rules of the cluster. */
  readonly memberships: readonly TerraformResource[];
  readonly instances: LinuxVirtualMachine;
  readonly placementGroup?: ProximityPlacementGroup;
  /** Machines that may talk over InfiniBand with each other. */
  readonly availabilitySet?: AvailabilitySet;
  /** The master's fixed public address. */
  readonly publicAddress?: PublicIp;
  readonly attachments: readonly VirtualMachineDataDiskAttachment[];
  readonly lock?: ManagementLock;
  private readonly way: ManifestMaster["access"];

  constructor(scope: Construct, id: string, spec: MachinesSpec, settings: MachineSettings) {
    const { site, role, group, hosts, rootDisk, disks } = spec;
    const { machine, image, userData, sshPublicKey, way } = settings;
    const { provider, location, zone, group: resourceGroup, prefix, subnets, tags } = siteOf(site);
    const { spot = false, rootVolume = {}, encryptionAtHost = false, capacityReservation } = machine.options;
    const has = featuresOf(spec, machine, image);
    const addresses = Object.fromEntries(hosts.map(({ name, address }) => [name, address]));
    const common = { provider, location, resourceGroupName: resourceGroup.name };
    const mine = tags.ofHost(role, group);

    if (role === "master" && way === "public") {
      this.publicAddress = new PublicIp(scope, `${id}-address`, {
        ...common,
        name: `${prefix}-master`,
        tags: tags.ofCluster(),
        sku: "Standard",
        allocationMethod: "Static",
        zones: zone === undefined ? undefined : [zone],
      });
    }
    this.interfaces = new NetworkInterface(scope, `${id}-interfaces`, {
      ...common,
      name: `${prefix}-\${each.key}`,
      tags: mine,
      acceleratedNetworkingEnabled: has.acceleratedNetworking,
      ipConfiguration: [
        {
          name: "primary",
          subnetId: role === "master" ? subnets.masterSubnetId : subnets.poolSubnetId,
          privateIpAddressAllocation: "Static",
          privateIpAddress: "${each.value}",
          publicIpAddressId: this.publicAddress?.id,
        },
      ],
    });
    forEachHost(this.interfaces, addresses);
    this.memberships = this.join(scope, id, spec, addresses);

    if (has.placementGroup) {
      this.placementGroup = new ProximityPlacementGroup(scope, `${id}-placement`, {
        ...common,
        name: groupName(prefix, group),
        tags: tags.ofCluster(),
      });
    }
    if (has.infiniband) {
      this.availabilitySet = new AvailabilitySet(scope, `${id}-fabric`, {
        ...common,
        name: groupName(prefix, group),
        tags: tags.ofCluster(),
        // One fault domain: the fabric must be one, and a job loses all its nodes together anyway.
        managed: true,
        platformFaultDomainCount: 1,
        platformUpdateDomainCount: 1,
        proximityPlacementGroupId: this.placementGroup?.id,
      });
    }

    const { type: storageAccountType = "Premium_LRS", caching = "ReadWrite", encryptionSet } = rootVolume;
    this.instances = new LinuxVirtualMachine(scope, `${id}-instances`, {
      ...common,
      name: `${prefix}-\${each.key}`,
      computerName: "${each.key}",
      tags: mine,
      size: machine.type,
      networkInterfaceIds: [attributeOf(this.interfaces, "each.key", "id")],
      // A fabric is one availability set, which is in no zone.
      ...(!has.infiniband && { zone }),
      availabilitySetId: this.availabilitySet?.id,
      proximityPlacementGroupId: this.placementGroup?.id,
      capacityReservationGroupId: capacityReservation,
      adminUsername: FIRST_USER,
      adminSshKey: [{ username: FIRST_USER, publicKey: sshPublicKey }],
      disablePasswordAuthentication: true,
      provisionVmAgent: true,
      allowExtensionOperations: false,
      patchMode: "ImageDefault",
      patchAssessmentMode: "ImageDefault",
      secureBootEnabled: has.secureBoot,
      vtpmEnabled: has.trustedLaunch,
      encryptionAtHostEnabled: encryptionAtHost,
      diskControllerType: has.nvme ? "NVMe" : "SCSI",
      osDisk: {
        name: `${prefix}-\${each.key}-os`,
        caching,
        storageAccountType,
        diskSizeGb: rootDisk.toGibibytes(),
        diskEncryptionSetId: encryptionSet,
      },
      sourceImageId: image.sourceImageId,
      sourceImageReference: image.sourceImageReference,
      plan: image.plan,
      customData: Buffer.from(userData).toString("base64"),
      // Azure's own storage for what the console shows.
      bootDiagnostics: {},
      identity:
        settings.identity === undefined ? undefined : { type: "UserAssigned", identityIds: [settings.identity] },
      ...(spot !== false && spotMarket(spot === true ? {} : spot)),
      lifecycle: { ignoreChanges: [...FROZEN] },
      dependsOn: [
        ...site.dependsOn,
        ...image.dependsOn,
        ...this.memberships,
        ...disks.flatMap((disk) => disk.dependsOn),
      ],
    });
    forEachHost(this.instances, addresses);

    const first = hosts[0]?.name ?? "";
    const instanceId = attributeOf(this.instances, first, "id");
    this.attachments = role === "master" ? this.attach(scope, id, spec, instanceId) : [];
    if (role === "master" && settings.protect)
      this.lock = lock(scope, `${id}-lock`, instanceId, "The head of the cluster", provider);
    this.way = this.wayIn(way, hosts[0]?.address ?? "", instanceId);
    for (const warning of warnings(spec, machine, has)) warn(scope, warning);
  }

  get dependsOn(): readonly ITerraformDependable[] {
    return [this.instances];
  }

  access(): ManifestMaster["access"] {
    return this.way;
  }

  private join(
    scope: Construct,
    id: string,
    { site, role }: MachinesSpec,
    addresses: Readonly<Record<string, string>>,
  ): TerraformResource[] {
    const { provider, firewall, securityGroups } = siteOf(site);
    const networkInterfaceId = attributeOf(this.interfaces, "each.key", "id");
    const made: TerraformResource[] = [];
    if (firewall !== undefined) {
      const applicationSecurityGroupId = firewall[role].id;
      made.push(
        new NetworkInterfaceApplicationSecurityGroupAssociation(scope, `${id}-side`, {
          provider,
          networkInterfaceId,
          applicationSecurityGroupId,
        }),
      );
    }
    if (securityGroups !== undefined) {
      const networkSecurityGroupId = securityGroups[role];
      made.push(
        new NetworkInterfaceSecurityGroupAssociation(scope, `${id}-rules`, {
          provider,
          networkInterfaceId,
          networkSecurityGroupId,
        }),
      );
    }
    for (const resource of made) forEachHost(resource, addresses);
    return made;
  }

  private attach(
    scope: Construct,
    id: string,
    { site, disks }: MachinesSpec,
    virtualMachineId: string,
  ): VirtualMachineDataDiskAttachment[] {
    const { provider } = siteOf(site);
    return ATTACHABLE.flatMap((purpose) => {
      const handle = disks.find((disk) => disk.purpose === purpose)?.handle;
      const volume = handle instanceof AzureVolume ? handle : undefined;
      // Destroyed in the opposite order: a disk is taken off before its last snapshot is made.
      const dependsOn = keptAtTheEnd(scope, `${id}-${purpose}-last-snapshot`, site, purpose, volume);
      if (volume === undefined) return [];
      const { volumeId: managedDiskId, caching } = volume;
      return [
        new VirtualMachineDataDiskAttachment(scope, `${id}-${purpose}`, {
          provider,
          virtualMachineId,
          managedDiskId,
          lun: lunOf(purpose),
          caching,
          dependsOn,
        }),
      ];
    });
  }

  private wayIn(way: MachineSettings["way"], address: string, instanceId: string): ManifestMaster["access"] {
    const common = { port: SSH_PORT, user: "root", identity: "agent" } as const;
    if (typeof way === "string") return { host: this.publicAddress?.ipAddress ?? address, ...common };
    return { host: address, ...common, proxy: bastionProxy(way, instanceId) };
  }
}

/** What makes the last snapshot of a disk; also where there is none, for there may have been one. */
function keptAtTheEnd(
  scope: Construct,
  id: string,
  site: Site,
  purpose: (typeof ATTACHABLE)[number],
  volume: AzureVolume | undefined,
): TerraformData[] {
  const made = volume?.volume;
  // Whoever says that the data may go wants nothing to be run for them.
  if (made !== undefined && volume?.snapshotWhenRemoved === false) return [];
  const { location, prefix } = siteOf(site);
  const name = diskName(prefix, purpose);
  return [lastSnapshot(scope, id, { disk: made?.id, name, location, group: `${prefix}-snapshots` })];
}

/** A newer image, other user-data or another key of the operator's are for machines that are yet to be made. */
const FROZEN = ["source_image_id", "source_image_reference", "plan", "custom_data", "admin_ssh_key"];

function spotMarket({
  maxHourly = -1,
  eviction = "deallocate",
}: Exclude<AzureMachineOptions["spot"], boolean | undefined>): Partial<LinuxVirtualMachineConfig> {
  return { priority: "Spot", maxBidPrice: maxHourly, evictionPolicy: eviction === "delete" ? "Delete" : "Deallocate" };
}
