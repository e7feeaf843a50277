import {
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateCommand,
  CreateNetworkInterfaceCommand,
  CreatePlacementGroupCommand,
  CreateSecurityGroupCommand,
  CreateVpnGatewayCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  type EC2Client,
  EnableVgwRoutePropagationCommand,
  type Instance,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import type { TerraformJson } from "cdktf-openhpc/testing";
import { DEBIAN } from "./moto";

/** Where moto 5.2.5 is not like AWS, and how a stack has to be changed to be applied against it all the same. */
export interface MotoFault {
  readonly what: string;
  /** The call that shows it: true while moto has the fault. Once it is mended, the entry has to go. */
  readonly shows: (ec2: EC2Client) => Promise<boolean>;
  /** Takes out of a stack what moto does not know or forgets; absent where only time or order is different. */
  readonly mend?: (resource: Resources) => void;
}

type Resources = Record<string, Record<string, Record<string, unknown>>>;

export const MOTO_FAULTS: readonly MotoFault[] = [
  {
    what: "has no placement groups: CreatePlacementGroup breaks down, and terraform tries again for minutes",
    shows: async (ec2) => {
      return serverError(ec2.send(new CreatePlacementGroupCommand({ GroupName: "x", Strategy: "cluster" })));
    },
    mend: (resource) => {
      delete resource["aws_placement_group"];
      for (const instance of every(resource, "aws_instance")) delete instance["placement_group"];
    },
  },
  {
    what: "forgets the descriptions of rules between groups: AuthorizeSecurityGroupIngress",
    shows: async (ec2) => {
      const { GroupId = "" } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: "own", Description: "x" }));
      const UserIdGroupPairs = [{ GroupId, Description: "why" }];
      await ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId,
          IpPermissions: [{ IpProtocol: "tcp", FromPort: 1, ToPort: 1, UserIdGroupPairs }],
        }),
      );
      const { SecurityGroupRules = [] } = await ec2.send(
        new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [GroupId] }] }),
      );
      return SecurityGroupRules.filter(({ IsEgress }) => IsEgress !== true).every(
        ({ Description }) => Description !== "why",
      );
    },
    mend: (resource) => {
      for (const type of ["aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"]) {
        for (const rule of every(resource, type))
          if (rule["referenced_security_group_id"] !== undefined) delete rule["description"];
      }
    },
  },
  {
    what: "forgets that an instance is to be protected: DisableApiTermination of RunInstances",
    shows: async (ec2) => {
      const { InstanceId } = await run(ec2, { DisableApiTermination: true });
      const { DisableApiTermination } = await ec2.send(
        new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "disableApiTermination" }),
      );
      return DisableApiTermination?.Value !== true;
    },
  },
  {
    what: "keeps the interfaces of an ended instance attached to it: TerminateInstances",
    shows: async (ec2) => {
      const { InstanceId = "", NetworkInterfaceId = "" } = await withInterface(ec2);
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
      const { NetworkInterfaces = [] } = await ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
      );
      return NetworkInterfaces[0]?.Attachment?.InstanceId === InstanceId;
    },
  },
  {
    what: "forgets the type of an interface: InterfaceType of CreateNetworkInterface",
    shows: async (ec2) => {
      const { NetworkInterface } = await ec2.send(
        new CreateNetworkInterfaceCommand({ SubnetId: await subnet(ec2), InterfaceType: "efa" }),
      );
      return NetworkInterface?.InterfaceType !== "efa";
    },
    mend: (resource) => {
      for (const one of every(resource, "aws_network_interface")) delete one["interface_type"];
    },
  },
  {
    what: "forgets cores and threads: CpuOptions of RunInstances",
    shows: async (ec2) => {
      const { CpuOptions } = await run(ec2, {
        InstanceType: "c7i.4xlarge",
        CpuOptions: { CoreCount: 4, ThreadsPerCore: 1 },
      });
      return CpuOptions?.CoreCount !== 4;
    },
    mend: (resource) => {
      for (const instance of every(resource, "aws_instance")) delete instance["cpu_options"];
    },
  },
  {
    what: "makes no request for a spot instance: DescribeSpotInstanceRequests",
    shows: async (ec2) => {
      const { SpotInstanceRequestId } = await run(ec2, { InstanceMarketOptions: { MarketType: "spot" } });
      const { SpotInstanceRequests = [] } = await ec2.send(new DescribeSpotInstanceRequestsCommand({}));
      return SpotInstanceRequestId === undefined && SpotInstanceRequests.length === 0;
    },
    mend: (resource) => {
      for (const instance of every(resource, "aws_instance")) delete instance["instance_market_options"];
    },
  },
  {
    what: "forgets the security groups of an instance with interfaces of its own, as fixed addresses need: DescribeInstances",
    shows: async (ec2) => {
      const { InstanceId = "" } = await withInterface(ec2);
      const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
      const { NetworkInterfaces = [], SecurityGroups = [] } = Reservations?.[0]?.Instances?.[0] ?? {};
      return NetworkInterfaces[0]?.Groups?.length === 1 && SecurityGroups.length === 0;
    },
  },
  {
    what: "forgets the tags that a launch template gives to volumes: TagSpecifications of CreateLaunchTemplate",
    shows: async (ec2) => {
      const TagSpecifications = (["instance", "volume"] as const).map((ResourceType) => ({
        ResourceType,
        Tags: [{ Key: "from", Value: "template" }],
      }));
      const LaunchTemplateName = "x";
      const LaunchTemplateData = { ImageId: DEBIAN[0]?.id, TagSpecifications };
      await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData }));
      const { InstanceId = "", Tags = [] } = await run(ec2, { LaunchTemplate: { LaunchTemplateName } });
      const { Volumes = [] } = await ec2.send(
        new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId] }] }),
      );
      const tagged = Tags.some(({ Key }) => Key === "from");
      return tagged && Volumes.length === 1 && Volumes[0]?.Tags === undefined;
    },
  },
  {
    what: "has no propagation of routes: EnableVgwRoutePropagation, which terraform tries again for minutes",
    shows: async (ec2) => {
      const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({}));
      const { VpnGateway } = await ec2.send(new CreateVpnGatewayCommand({ Type: "ipsec.1" }));
      const spec = { RouteTableId: RouteTables[0]?.RouteTableId, GatewayId: VpnGateway?.VpnGatewayId };
      return serverError(ec2.send(new EnableVgwRoutePropagationCommand(spec)));
    },
  },
];

/** The stack as it can be applied against moto. */
export function forMoto(terraform: TerraformJson): TerraformJson {
  const copy = structuredClone(terraform) as TerraformJson & { resource: Resources };
  for (const { mend } of MOTO_FAULTS) mend?.(copy.resource);
  return copy;
}

/** Whether the server breaks down over it. */
async function serverError(asked: Promise<unknown>): Promise<boolean> {
  return asked.then(
    () => false,
    (error: unknown) => (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 500,
  );
}

function every(resource: Resources, type: string): Record<string, unknown>[] {
  return Object.values(resource[type] ?? {});
}

async function run(ec2: EC2Client, more: Partial<RunInstancesCommandInput>): Promise<Instance> {
  const input = { ImageId: DEBIAN[0]?.id, MinCount: 1, MaxCount: 1, InstanceType: "m7a.large" } as const;
  const { Instances = [] } = await ec2.send(new RunInstancesCommand({ ...input, ...more }));
  const found = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [Instances[0]?.InstanceId ?? ""] }));
  return found.Reservations?.[0]?.Instances?.[0] ?? {};
}

async function withInterface(
  ec2: EC2Client,
): Promise<{ InstanceId?: string | undefined; NetworkInterfaceId?: string | undefined }> {
  const { GroupId = "" } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: "own", Description: "x" }));
  const { NetworkInterface } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId: await subnet(ec2), Groups: [GroupId] }),
  );
  const { NetworkInterfaceId } = NetworkInterface ?? {};
  const { InstanceId } = await run(ec2, { NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }] });
  return { InstanceId, NetworkInterfaceId };
}

/** moto has a network to begin with. */
async function subnet(ec2: EC2Client): Promise<string> {
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  return Subnets[0]?.SubnetId ?? "";
}
