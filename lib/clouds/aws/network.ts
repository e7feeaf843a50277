import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { SubnetPlan } from "../subnets";
import type { ExistingPlan } from "./subnets";
import type { AwsTags } from "./tags";

export interface NetworkOptions {
  readonly provider: AwsProvider;
  readonly region: string;
  readonly zone: string;
  readonly plan: SubnetPlan;
  readonly nat: "gateway" | "none";
  readonly tags: AwsTags;
}

/** Where machines go, made by us or not. */
export interface Subnets {
  readonly vpcId: string;
  readonly masterSubnetId: string;
  readonly poolSubnetId: string;
  /** What machines wait for: before it, they would boot without a way out. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * A VPC with two subnets in one zone: a public one for the master, a private one for pools, whose way out is a NAT
 * gateway. S3 is reached without it. The VPC's default security group lets nothing through.
 */
export class AwsNetwork extends Construct implements Subnets {
  readonly vpc: Vpc;
  readonly masterSubnet: Subnet;
  readonly poolSubnet: Subnet;
  readonly nat?: NatGateway;
  readonly dependsOn: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, { provider, region, zone, plan, nat, tags }: NetworkOptions) {
    super(scope, id);
    this.vpc = new Vpc(this, "vpc", {
      provider,
      cidrBlock: plan.cidr,
      enableDnsHostnames: true,
      enableDnsSupport: true,
      tags: tags.named("vpc"),
    });
    const vpcId = this.vpc.id;
    new DefaultSecurityGroup(this, "default-group", { provider, vpcId, tags: tags.named("unused") });
    const subnet = (name: string, cidrBlock: string) =>
      new Subnet(this, name, {
        provider,
        vpcId,
        cidrBlock,
        availabilityZone: zone,
        mapPublicIpOnLaunch: false,
        tags: tags.named(name),
      });
    this.masterSubnet = subnet("public", plan.masterCidr);
    this.poolSubnet = subnet("private", plan.poolCidr);

    const gateway = new InternetGateway(this, "internet", { provider, vpcId, tags: tags.named("internet") });
    const table = (name: string, { id: subnetId }: Subnet) => {
      const made = new RouteTable(this, `${name}-routes`, { provider, vpcId, tags: tags.named(name) });
      const use = new RouteTableAssociation(this, `${name}-use`, { provider, subnetId, routeTableId: made.id });
      return { made, use };
    };
    const [outside, inside] = [table("public", this.masterSubnet), table("private", this.poolSubnet)];
    const anywhere = { provider, destinationCidrBlock: "0.0.0.0/0" };
    const out = new Route(this, "public-out", { ...anywhere, routeTableId: outside.made.id, gatewayId: gateway.id });
    const ways: ITerraformDependable[] = [outside.use, inside.use, out];
    if (nat === "gateway") {
      const address = new Eip(this, "nat-address", {
        provider,
        domain: "vpc",
        tags: tags.named("nat"),
        dependsOn: [gateway],
      });
      this.nat = new NatGateway(this, "nat", {
        provider,
        subnetId: this.masterSubnet.id,
        allocationId: address.id,
        tags: tags.named("nat"),
        dependsOn: [out],
      });
      ways.push(
        new Route(this, "private-out", { ...anywhere, routeTableId: inside.made.id, natGatewayId: this.nat.id }),
      );
    }
    new VpcEndpoint(this, "s3", {
      provider,
      vpcId,
      serviceName: `com.amazonaws.${region}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: [outside.made.id, inside.made.id],
      tags: tags.named("s3"),
    });
    this.dependsOn = ways;
  }

  get vpcId(): string {
    return this.vpc.id;
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
export class AwsExistingNetwork extends Construct implements Subnets {
  readonly vpcId: string;
  readonly masterSubnetId: string;
  readonly poolSubnetId: string;
  readonly dependsOn: readonly ITerraformDependable[] = [];

  constructor(scope: Construct, id: string, { vpcId, master, pools, zone }: ExistingPlan, provider: AwsProvider) {
    super(scope, id);
    const looked = [...new Map([master, pools].map((subnet) => [subnet.id, subnet])).values()].map((subnet, index) => {
      const said = { cidr_block: subnet.cidr, availability_zone: zone, vpc_id: vpcId };
      return new DataAwsSubnet(this, index === 0 ? "master-subnet" : "pool-subnet", {
        provider,
        id: subnet.id,
        lifecycle: {
          postcondition: Object.entries(said).map(([attribute, value]) => ({
            condition: `\${self.${attribute} == "${value}"}`,
            errorMessage: `the subnet ${subnet.id} has the ${attribute} \${self.${attribute}}, but the stack says ${value}`,
          })),
        },
      });
    });
    this.vpcId = vpcId;
    this.masterSubnetId = looked[0]?.id ?? master.id;
    this.poolSubnetId = looked.at(-1)?.id ?? pools.id;
  }
}
