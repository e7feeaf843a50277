import { BastionHost } from "@cdktf/provider-azurerm/lib/bastion-host";
import { DataAzurermResourceGroup } from "@cdktf/provider-azurerm/lib/data-azurerm-resource-group";
import { DataAzurermSubnet } from "@cdktf/provider-azurerm/lib/data-azurerm-subnet";
import { NatGateway } from "@cdktf/provider-azurerm/lib/nat-gateway";
import { NatGatewayPublicIpAssociation } from "@cdktf/provider-azurerm/lib/nat-gateway-public-ip-association";
import type { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import { PublicIp } from "@cdktf/provider-azurerm/lib/public-ip";
import { ResourceGroup } from "@cdktf/provider-azurerm/lib/resource-group";
import { Subnet } from "@cdktf/provider-azurerm/lib/subnet";
import { SubnetNatGatewayAssociation } from "@cdktf/provider-azurerm/lib/subnet-nat-gateway-association";
import { VirtualNetwork } from "@cdktf/provider-azurerm/lib/virtual-network";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { networkName, parseResourceId } from "./names";
import type { ExistingPlan, NetworkPlan } from "./subnets";
import type { AzureTags } from "./tags";

/** A resource group, made by us or not. */
export interface ResourceGroupReference {
  readonly name: string;
  readonly id: string;
}

export interface ResourceGroupOptions {
  readonly provider: AzurermProvider;
  readonly location: string;
  readonly prefix: string;
  /** The name of a group that is there already. */
  readonly existing: string | undefined;
  readonly tags: AzureTags;
}

/** The resource group that everything of the cluster goes into. */
export function resourceGroup(
  scope: Construct,
  id: string,
  options: ResourceGroupOptions,
): ResourceGroup | DataAzurermResourceGroup {
  const { provider, location, prefix, existing, tags } = options;
  if (existing !== undefined) return new DataAzurermResourceGroup(scope, id, { provider, name: existing });
  return new ResourceGroup(scope, id, { provider, name: prefix, location, tags: tags.ofCluster() });
}

export interface NetworkOptions {
  readonly provider: AzurermProvider;
  readonly location: string;
  readonly zone: string | undefined;
  readonly group: ResourceGroupReference;
  readonly prefix: string;
  readonly plan: NetworkPlan;
  readonly nat: "gateway" | "none";
  readonly bastion: boolean;
  /** Services of Azure that are reached from the subnets without the internet. */
  readonly serviceEndpoints: readonly string[];
  readonly tags: AzureTags;
}

/** Where machines go, made by us or not. */
export interface Subnets {
  readonly masterSubnetId: string;
  readonly poolSubnetId: string;
  /** What machines wait for: before it, they would boot without a way out. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * A virtual network with two subnets, for the master and for pools, whose way out is a NAT gateway. Nothing has a way out
 * by default: what Azure calls default outbound access is off.
 */
export class AzureNetwork extends Construct implements Subnets {
  readonly network: VirtualNetwork;
  readonly masterSubnet: Subnet;
  readonly poolSubnet: Subnet;
  readonly nat?: NatGateway;
  readonly bastion?: BastionHost;
  readonly dependsOn: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, options: NetworkOptions) {
    super(scope, id);
    const { provider, location, zone, group, prefix, plan, tags } = options;
    const common = { provider, location, resourceGroupName: group.name, tags: tags.ofCluster() };
    const zones = zone === undefined ? undefined : [zone];
    this.network = new VirtualNetwork(this, "network", {
      ...common,
      name: networkName(prefix),
      addressSpace: [plan.cidr],
    });
    const virtualNetworkName = this.network.name;
    const subnet = (name: string, cidr: string) =>
      new Subnet(this, `${name}-subnet`, {
        provider,
        resourceGroupName: group.name,
        virtualNetworkName,
        name,
        addressPrefixes: [cidr],
        defaultOutboundAccessEnabled: false,
        ...(options.serviceEndpoints.length > 0 && { serviceEndpoints: [...options.serviceEndpoints] }),
      });
    this.masterSubnet = subnet("master", plan.masterCidr);
    this.poolSubnet = subnet("pools", plan.poolCidr);
    const publicAddress = (name: string) =>
      new PublicIp(this, `${name}-address`, {
        ...common,
        zones,
        name: `${prefix}-${name}`,
        sku: "Standard",
        allocationMethod: "Static",
      });

    const ways: ITerraformDependable[] = [];
    if (options.nat === "gateway") {
      const natGateway = new NatGateway(this, "nat", {
        ...common,
        zones,
        name: `${prefix}-nat`,
        skuName: "Standard",
      });
      const natGatewayId = natGateway.id;
      const address = publicAddress("nat");
      this.nat = natGateway;
      ways.push(
        new NatGatewayPublicIpAssociation(this, "nat-address-use", {
          provider,
          natGatewayId,
          publicIpAddressId: address.id,
        }),
        ...([this.masterSubnet, this.poolSubnet] as const).map(
          ({ id: subnetId }, k) =>
            new SubnetNatGatewayAssociation(this, `${k === 0 ? "master" : "pools"}-out`, {
              provider,
              natGatewayId,
              subnetId,
            }),
        ),
      );
    }
    if (options.bastion) {
      const inside = new Subnet(this, "bastion-subnet", {
        // Azure wants this very name.
        provider,
        resourceGroupName: group.name,
        virtualNetworkName,
        name: "AzureBastionSubnet",
        addressPrefixes: [plan.bastionCidr],
      });
      this.bastion = new BastionHost(this, "bastion", {
        ...common,
        name: `${prefix}-bastion`,
        sku: "Standard",
        tunnelingEnabled: true,
        copyPasteEnabled: false,
        ipConfiguration: { name: "bastion", subnetId: inside.id, publicIpAddressId: publicAddress("bastion").id },
      });
    }
    this.dependsOn = ways;
  }

  get masterSubnetId(): string {
    return this.masterSubnet.id;
  }

  get poolSubnetId(): string {
    return this.poolSubnet.id;
  }
}

/**
 * Subnets that were there before us. What was said of them when the stack was synthesized is compared with what they are
 * before anything is made in them.
 */
export class AzureExistingNetwork extends Construct implements Subnets {
  readonly masterSubnetId: string;
  readonly poolSubnetId: string;
  readonly dependsOn: readonly ITerraformDependable[] = [];

  constructor(
    scope: Construct,
    id: string,
    { master, pools }: ExistingPlan,
    options: Pick<NetworkOptions, "provider" | "serviceEndpoints">,
  ) {
    super(scope, id);
    const looked = [...new Map([master, pools].map((subnet) => [subnet.id, subnet])).values()].map((subnet, index) => {
      const { group, names } = parseResourceId(subnet.id) ?? { group: "", names: [] };
      const [virtualNetworkName = "", name = ""] = names;
      return new DataAzurermSubnet(this, index === 0 ? "master-subnet" : "pool-subnet", {
        provider: options.provider,
        resourceGroupName: group,
        virtualNetworkName,
        name,
        lifecycle: {
          postcondition: [
            {
              condition: `\${contains(self.address_prefixes, "${subnet.cidr}")}`,
              errorMessage: `the subnet ${name} has the addresses \${join(", ", self.address_prefixes)}, but the stack says ${subnet.cidr}`,
            },
            {
              condition: `\${lower(self.id) == lower("${subnet.id}")}`,
              errorMessage: `the subnet ${name} was found as \${self.id}, but the stack says ${subnet.id}: is it in another subscription?`,
            },
            ...options.serviceEndpoints.map((service) => ({
              condition: `\${contains(self.service_endpoints, "${service}")}`,
              errorMessage: `the subnet ${name} has no service endpoint ${service}, which Azure Files needs`,
            })),
          ],
        },
      });
    });
    this.masterSubnetId = looked[0]?.id ?? master.id;
    this.poolSubnetId = looked.at(-1)?.id ?? pools.id;
  }
}
