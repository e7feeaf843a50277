import {
  DeregisterImageCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  EC2Client,
  type Instance,
} from "@aws-sdk/client-ec2";
import type { TerraformStack } from "cdktf";
import { ComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AwsCloud, type AwsCloudProps } from "cdktf-openhpc/aws";
import { synthesize, type TerraformJson } from "cdktf-openhpc/testing";
import { readFileSync, writeFileSync } from "node:fs";
import { AwsPower } from "../../lib/clouds/aws/power";
import { waitForState } from "../../lib/clouds/power";
import { decodeAddresses } from "../../lib/model/address-runs";
import { readManifest } from "../../lib/model/manifest";
import { expandHosts } from "../../lib/slurm/hostlist";
import { Duration } from "../../lib/units";
import { awsDemo } from "../../stacks/aws-demo";
import { awsExistingNetwork, type Surroundings } from "../../stacks/aws-existing-network";
import { awsGpu } from "../../stacks/aws-gpu";
import { operator } from "../../stacks/operator";
import { DEBIAN, Moto } from "../support/moto";
import { type Planned, providerAvailable, RealStack } from "../support/real-provider";

jest.setTimeout(600_000);

const withProvider = providerAvailable("hashicorp/aws", "6.25.0") ? describe : describe.skip;
const WAIT = { deadline: Duration.seconds(30), pause: Duration.seconds(0.2) };

interface Wish {
  readonly nodes?: number;
  readonly more?: number;
  readonly cloud?: Partial<AwsCloudProps>;
}

/** A master and one pool, or two: as small as shows what there is to show. */
function small({ nodes = 2, more, cloud = {} }: Wish = {}): TerraformJson {
  return synthesize((stack: TerraformStack) => {
    const home = new NfsDisk(stack, "home", { size: Size.gibibytes(20) });
    const master = new OpenHpcMaster(stack, "master", { cloud: new AwsCloud({ region: "us-east-1", access: operator, ...cloud }), home });
    new ComputePool(stack, "cpu", { master, nodes, machine: "medium" });
    if (more !== undefined) new ComputePool(stack, "more", { master, nodes: more, machine: "medium" });
  }).terraform;
}

/** What would be done to machines, and what is on them: nothing but that is dear. */
function machinesIn(plan: Planned): Planned {
  return Object.fromEntries(Object.entries(plan).filter(([address]) => /^aws_(instance|network_interface|ebs_volume)\./.test(address)));
}

const everyAction = (plan: Planned) => [...new Set(Object.values(plan).map(({ actions }) => actions))].sort();

withProvider("with the real provider", () => {
  let moto: Moto;
  let ec2: EC2Client;
  const stacks: RealStack[] = [];

  beforeAll(async () => {
    moto = await Moto.start();
    ec2 = new EC2Client({ region: "us-east-1", ...moto.client });
  });
  afterAll(async () => {
    for (const stack of stacks) stack.remove();
    await moto.stop();
  });
  beforeEach(async () => {
    await moto.reset();
  });

  async function realStack(definition: TerraformJson): Promise<RealStack> {
    const stack = new RealStack({ ...moto.env, AWS_REGION: "us-east-1" });
    stacks.push(stack);
    stack.write(definition);
    await stack.init();
    return stack;
  }

  /** The instances of moto that are not ended, by their host's tag. */
  async function machines(): Promise<Readonly<Record<string, Instance>>> {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
    const all = Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State }) => State?.Name !== "terminated");
    return Object.fromEntries(all.map((one) => [tagOf(one, "ohpc:host"), one]));
  }

  const tagOf = ({ Tags = [] }: Instance, key: string) => Tags.find(({ Key }) => Key === key)?.Value ?? "";

  describe.each(["aws-demo", "aws-gpu", "aws-existing-network"] as const)("%s", (name) => {
    const build = { "aws-demo": awsDemo, "aws-gpu": awsGpu, "aws-existing-network": awsExistingNetwork }[name];

    it("is valid", async () => {
      const stack = await realStack(synthesize(build, name).terraform);
      expect(await stack.validate()).toEqual([]);
    });
  });

  it("aws-demo and aws-gpu plan to make everything, and nothing else", async () => {
    for (const [name, build] of [["aws-demo", awsDemo], ["aws-gpu", awsGpu]] as const) {
      const { terraform, instances } = synthesize(build, name);
      const stack = await realStack(terraform);
      const plan = await stack.plan();
      expect(everyAction(plan)).toEqual(["create"]);
      expect(Object.keys(plan).sort()).toEqual([...instances.keys()].sort());
    }
  });
});
