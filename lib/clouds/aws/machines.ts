import { Eip } from "@cdktf/provider-aws/lib/eip";
import { Instance, type InstanceConfig, type InstanceNetworkInterface } from "@cdktf/provider-aws/lib/instance";
import { NetworkInterface } from "@cdktf/provider-aws/lib/network-interface";
import { PlacementGroup } from "@cdktf/provider-aws/lib/placement-group";
import { VolumeAttachment } from "@cdktf/provider-aws/lib/volume-attachment";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { ManifestMaster } from "../../model/manifest";
import { SSH_PORT } from "../../model/ports";
import type { MachineGroup, MachinesSpec } from "../cloud";
import { attributeOf, forEachHost } from "../for-each";
import { literal } from "../terraform-text";
import { warn } from "../warn";
import { AwsFileSystem, AwsVolume } from "./disk";
import type { AwsIdentity } from "./identity";
import { instanceTypes } from "./instance-types";
import type { AwsMachine } from "./machine";
import { siteOf } from "./site";

export interface MachineSettings {
  readonly machine: AwsMachine;
  readonly imageId: string;
  readonly userData: string;
  /** Absent for machines that may do nothing in AWS. */
  readonly profile: string | undefined;
  /** Kept so that it can be reached; absent where none was made. */
  readonly identity: AwsIdentity | undefined;
  /** How the operator gets in: a fixed public address, the private one, or a session. */
  readonly way: "public" | "private" | "ssm";
  /** Whether the master has one of its own. */
  readonly publicAddress: boolean;
  readonly protect: boolean;
}

/** Names under which volumes are attached; machines with NVMe disks do not show them, but AWS wants one each. */
const ATTACHED_AS = ["/dev/sdf", "/dev/sdg", "/dev/sdh", "/dev/sdi"];

/**
 * Equal machines: network interfaces with fixed addresses and instances, two resources with `for_each` by host name.
 * What AWS would replace an instance for, but a running cluster must outlive, is looked at only when it is made.
 */
export class AwsMachines implements MachineGroup {
  readonly interfaces: NetworkInterface;
  readonly instances: Instance;
  /** One more per further network card that takes an Elastic Fabric Adapter. */
  readonly fabric: readonly NetworkInterface[];
  readonly placementGroup?: PlacementGroup;
  /** The master's fixed public address. */
  readonly publicAddress?: Eip;
  readonly attachments: readonly VolumeAttachment[];
  readonly identity: AwsIdentity | undefined;
  private readonly way: ManifestMaster["access"];

  constructor(scope: Construct, id: string, spec: MachinesSpec, settings: MachineSettings) {
    const { site, role, group, hosts, rootDisk, disks } = spec;
    const { machine, imageId, userData, profile, way } = settings;
    const { provider, region, subnets, groups, key, tags } = siteOf(site);
    const {
      efa = false,
      placementGroup = efa,
      spot = false,
      capacityReservation,
      cpuOptions,
      rootVolume = {},
    } = machine.options;
    const addresses = Object.fromEntries(hosts.map(({ name, address }) => [name, address]));
    const mine = tags.ofHost(role, group);
    const subnetId = role === "master" ? subnets.masterSubnetId : subnets.poolSubnetId;
    const securityGroups = [...groups[role]];

    const [firstCard, ...otherCards] = efa ? fabricCards(machine.type) : [undefined];
    this.interfaces = new NetworkInterface(scope, `${id}-interfaces`, {
      provider,
      subnetId,
      securityGroups,
      privateIps: ["${each.value}"],
      tags: mine,
      ...(firstCard === 0 && { interfaceType: "efa" }),
    });
    forEachHost(this.interfaces, addresses);
    // Cards beyond the first carry the fabric alone: they need no address that could take a later host's.
    const onlyFabric = firstCard === undefined ? [] : firstCard === 0 ? otherCards : [firstCard, ...otherCards];
    this.fabric = onlyFabric.map((card) => {
      const made = new NetworkInterface(scope, `${id}-fabric-${card}`, {
        provider,
        subnetId,
        securityGroups,
        interfaceType: "efa-only",
        tags: mine,
      });
      forEachHost(made, addresses);
      return made;
    });
    if (placementGroup) {
      this.placementGroup = new PlacementGroup(scope, `${id}-placement`, {
        provider,
        name: `${site.cluster}-${group}`,
        strategy: "cluster",
        tags: tags.named(group),
      });
    }

    const { type: volumeType = "gp3", iops, throughput, kmsKey } = rootVolume;
    this.instances = new Instance(scope, `${id}-instances`, {
      provider,
      ami: imageId,
      instanceType: machine.type,
      keyName: key.keyName,
      iamInstanceProfile: profile,
      networkInterface: [
        { deviceIndex: 0, networkInterfaceId: attributeOf(this.interfaces, "each.key", "id") },
        ...this.fabric.map((made, index): InstanceNetworkInterface => {
          const networkInterfaceId = attributeOf(made, "each.key", "id");
          return { deviceIndex: 1, networkCardIndex: onlyFabric[index], networkInterfaceId };
        }),
      ],
      placementGroup: this.placementGroup?.name,
      // Spare capacity cannot be protected in AWS, which ends it when it wants.
      disableApiTermination: settings.protect && spot === false,
      instanceInitiatedShutdownBehavior: spot === false ? "stop" : "terminate",
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: "enabled",
      },
      rootBlockDevice: {
        volumeType,
        iops,
        throughput,
        kmsKeyId: kmsKey,
        volumeSize: rootDisk.toGibibytes(),
        encrypted: true,
        deleteOnTermination: true,
        tags: mine,
      },
      cpuOptions:
        cpuOptions === undefined
          ? undefined
          : { coreCount: spec.shape.coresPerSocket, threadsPerCore: spec.shape.threadsPerCore },
      ...(spot !== false && { instanceMarketOptions: spotMarket(spot === true ? undefined : spot.maxHourly) }),
      capacityReservationSpecification:
        capacityReservation === undefined
          ? undefined
          : { capacityReservationTarget: { capacityReservationId: capacityReservation } },
      userData: literal(userData),
      tags: mine,
      // AWS keeps others from ending machines; older versions of its provider take that away by themselves.
      lifecycle: { ignoreChanges: [...FROZEN], ...(settings.protect && { preventDestroy: true }) },
      dependsOn: [
        ...site.dependsOn,
        ...disks.flatMap((disk) => (disk.handle instanceof AwsFileSystem ? disk.dependsOn : [])),
      ],
    });
    forEachHost(this.instances, addresses);

    const first = hosts[0]?.name ?? "";
    const instanceId = attributeOf(this.instances, first, "id");
    this.identity = settings.identity;
    this.attachments = role === "master" ? this.attach(scope, id, spec, instanceId) : [];
    // A session needs no port open, but its agent a way out.
    if (role === "master" && settings.publicAddress) {
      const networkInterface = attributeOf(this.interfaces, first, "id");
      this.publicAddress = new Eip(scope, `${id}-address`, {
        provider,
        domain: "vpc",
        networkInterface,
        tags: tags.named("master"),
        dependsOn: [...site.dependsOn],
      });
    }
    this.way = this.wayIn(way, hosts[0]?.address ?? "", instanceId, region);
    if (role === "master" && spot !== false) {
      warn(
        scope,
        "the master is a spot machine: when AWS takes it back, the cluster stops, and all running jobs with it",
      );
    }
  }

  get dependsOn(): readonly ITerraformDependable[] {
    return [this.instances];
  }

  access(): ManifestMaster["access"] {
    return this.way;
  }

  private attach(scope: Construct, id: string, { site, disks }: MachinesSpec, instanceId: string): VolumeAttachment[] {
    const { provider } = siteOf(site);
    const volumes = disks.flatMap(({ purpose, handle }) =>
      handle instanceof AwsVolume ? [{ purpose, volumeId: handle.volumeId }] : [],
    );
    return volumes.map(({ purpose, volumeId }, index) => {
      const deviceName = ATTACHED_AS[index] ?? "";
      // A volume that is taken from a running machine loses what was not yet written, or never lets go.
      return new VolumeAttachment(scope, `${id}-${purpose}`, {
        provider,
        deviceName,
        volumeId,
        instanceId,
        stopInstanceBeforeDetaching: true,
      });
    });
  }

  private wayIn(
    way: MachineSettings["way"],
    address: string,
    instanceId: string,
    region: string,
  ): ManifestMaster["access"] {
    const common = { port: SSH_PORT, user: "root", identity: "agent" } as const;
    if (way !== "ssm") return { host: this.publicAddress?.publicIp ?? address, ...common };
    const session = ["aws", "ssm", "start-session", "--target", "%h", "--document-name", "AWS-StartSSHSession"];
    return { host: instanceId, ...common, proxy: [...session, "--parameters", "portNumber=%p", "--region", region] };
  }
}

/** A newer image, other user-data or another key of the operator's are for machines that are yet to be made. */
const FROZEN = ["ami", "user_data", "user_data_base64", "key_name"];

/** A type that the catalogue does not know has one card as far as we know. */
function fabricCards(type: string): readonly number[] {
  return instanceTypes().get(type)?.efaCards ?? [0];
}

function spotMarket(maxHourly: number | undefined): InstanceConfig["instanceMarketOptions"] {
  const price = maxHourly === undefined ? {} : { maxPrice: String(maxHourly) };
  return {
    marketType: "spot",
    spotOptions: { spotInstanceType: "one-time", instanceInterruptionBehavior: "terminate", ...price },
  };
}
