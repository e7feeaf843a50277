import {
  CreateImageCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
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
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import type { TerraformStack } from "cdktf";
import { ComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AwsCloud, type AwsCloudProps } from "cdktf-openhpc/aws";
import { synthesize, type TerraformJson } from "cdktf-openhpc/testing";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, request as forward, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AwsPower } from "../../lib/clouds/aws/power";
import { waitForState } from "../../lib/clouds/power";
import { decodeAddresses } from "../../lib/model/address-runs";
import { readManifest } from "../../lib/model/manifest";
import type { Failure } from "../../lib/operate/feedback/failure";
import { terraformEvent } from "../../lib/operate/terraform/events";
import { terraformFailure } from "../../lib/operate/terraform/failure";
import { withoutPreventDestroy } from "../../lib/operate/terraform/prevent-destroy";
import { expandHosts } from "../../lib/slurm/hostlist";
import { Duration } from "../../lib/units";
import { awsDemo } from "../../stacks/aws-demo";
import { awsExistingNetwork, type Surroundings } from "../../stacks/aws-existing-network";
import { awsGpu } from "../../stacks/aws-gpu";
import { operator } from "../../stacks/operator";
import { DEBIAN, Moto } from "../support/moto";
import { forMoto } from "../support/moto-faults";
import { type Planned, describeWithProvider, RealStack } from "../support/real-provider";

jest.setTimeout(600_000);

const withProvider = describeWithProvider("hashicorp/aws", "6.25.0");
const WAIT = { deadline: Duration.seconds(30), pause: Duration.seconds(0.2) };

interface ClusterSpec {
  readonly nodes?: number;
  readonly more?: number;
  readonly cloud?: Partial<AwsCloudProps>;
}

/** A master and one pool, or two: as small as shows what there is to show. */
function small({ nodes = 2, more, cloud = {} }: ClusterSpec = {}): TerraformJson {
  return synthesize((stack: TerraformStack) => {
    const home = new NfsDisk(stack, "home", { size: Size.gibibytes(20) });
    const master = new OpenHpcMaster(stack, "master", {
      cloud: new AwsCloud({ region: "us-east-1", access: operator, ...cloud }),
      home,
    });
    new ComputePool(stack, "cpu", { master, nodes, machine: "medium" });
    if (more !== undefined) new ComputePool(stack, "more", { master, nodes: more, machine: "medium" });
  }).terraform;
}

/** What would be done to machines, and what is on them: nothing but that is dear. */
function machinesIn(plan: Planned): Planned {
  return Object.fromEntries(
    Object.entries(plan).filter(([address]) => /^aws_(instance|network_interface|ebs_volume)\./.test(address)),
  );
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

  async function realStack(definition: TerraformJson, env: Readonly<Record<string, string>> = {}): Promise<RealStack> {
    const stack = new RealStack({ ...moto.env, AWS_REGION: "us-east-1", ...env });
    stacks.push(stack);
    stack.write(definition);
    await stack.init();
    return stack;
  }

  /** The instances of moto that are not ended, by their host's tag. */
  async function machines(region = "us-east-1"): Promise<Readonly<Record<string, Instance>>> {
    const client = new EC2Client({ region, ...moto.client });
    const { Reservations = [] } = await client.send(new DescribeInstancesCommand({}));
    const all = Reservations.flatMap(({ Instances = [] }) => Instances).filter(
      ({ State }) => State?.Name !== "terminated",
    );
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
    for (const [name, build] of [
      ["aws-demo", awsDemo],
      ["aws-gpu", awsGpu],
    ] as const) {
      const { terraform, instances } = synthesize(build, name);
      const stack = await realStack(terraform);
      const plan = await stack.plan();
      expect(everyAction(plan)).toEqual(["create"]);
      expect(Object.keys(plan).sort()).toEqual([...instances.keys()].sort());
    }
  });

  it("aws-demo applies: what it tells ohpc is true, and a second plan finds nothing but what moto forgets", async () => {
    const stack = await realStack(forMoto(synthesize(awsDemo, "aws-demo").terraform));
    await stack.apply();

    const { pools, master, sites, disks } = readManifest((await stack.outputs())["cluster"]);
    const promised = pools.flatMap(({ hosts, addresses }) => {
      const all = decodeAddresses(addresses);
      return expandHosts(hosts).map((host, k) => [host, all[k]] as const);
    });
    const made = await machines();
    const addresses = Object.fromEntries(
      Object.entries(made).map(([host, { PrivateIpAddress }]) => [host, PrivateIpAddress]),
    );
    expect(addresses).toEqual(Object.fromEntries([...promised, [master.host, master.address]]));
    for (const [host, instance] of Object.entries(made)) {
      const role = host === "master" ? "master" : "compute";
      const expected = { Name: `aws-demo-${host}`, "ohpc:cluster": "aws-demo", "ohpc:role": role, "ohpc:host": host };
      expect(Object.fromEntries(Object.keys(expected).map((key) => [key, tagOf(instance, key)]))).toEqual(expected);
      expect(instance.MetadataOptions).toMatchObject({ HttpTokens: "required", InstanceMetadataTags: "enabled" });
    }
    expect(sites[0]).toMatchObject({ cloud: "aws", place: { region: "us-east-1" } });
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    const [port] = made["master"]?.NetworkInterfaces ?? [];
    expect(Addresses.find(({ NetworkInterfaceId }) => NetworkInterfaceId === port?.NetworkInterfaceId)?.PublicIp).toBe(
      master.access.host,
    );

    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
    expect(Volumes.every(({ Encrypted }) => Encrypted)).toBe(true);
    expect(
      Volumes.every(({ Tags = [] }) => Tags.some(({ Key, Value }) => Key === "ohpc:cluster" && Value === "aws-demo")),
    ).toBe(true);
    for (const disk of [disks.state, disks.home]) {
      const id = /_(vol)([0-9a-f]+)$/
        .exec(disk?.kind === "block" ? disk.device : "")
        ?.slice(1)
        .join("-");
      const volume = Volumes.find(({ VolumeId }) => VolumeId === id);
      expect(volume?.Attachments?.[0]?.InstanceId).toBe(made["master"]?.InstanceId);
    }

    const second = await stack.plan();
    expect(Object.values(second).map(({ actions, attributes }) => `${actions} ${attributes.join()}`)).toEqual(
      Object.keys(made).map(() => "update disable_api_termination"),
    );
    await stack.apply();
    expect(await stack.plan()).toEqual({});
  });

  it("nothing replaces, stops or reboots a machine by itself, and stop and start leave nothing to be planned", async () => {
    const image = await ownImage("node-1");
    const own = (spec: ClusterSpec = {}) => forMoto(small({ ...spec, cloud: { image: "self/node-*", ...spec.cloud } }));
    const stack = await realStack(own());
    await stack.apply();
    await stack.apply(); // moto forgets the protection at first
    expect(await stack.plan()).toEqual({});
    const before = await machines();
    expect(new Set(Object.values(before).map(({ ImageId }) => ImageId))).toEqual(new Set([image]));

    // A newer image.
    await ownImage("node-2");
    expect(await stack.plan()).toEqual({});

    // Other user-data, another key of the operator's.
    const firstBoot = { commands: [["touch", "/etc/changed"]] };
    stack.write(own({ cloud: { firstBoot } }));
    expect(await stack.plan()).toEqual({});
    const sshPublicKey = operator.sshPublicKey.replace("example", "other").replace("AAAAIDco", "AAAAIDcp");
    stack.write(own({ cloud: { access: { ...operator, sshPublicKey } } }));
    expect(machinesIn(await stack.plan())).toEqual({});

    // A tag: changed where it is.
    stack.write(own({ cloud: { tags: { team: "blue" } } }));
    expect(everyAction(await stack.plan())).toEqual(["update"]);

    // Another pool, and a pool that grows: what is new is made, what is there stays.
    stack.write(own({ more: 3 }));
    expect(everyAction(machinesIn(await stack.plan()))).toEqual(["create"]);
    stack.write(own({ nodes: 3 }));
    const grown = await stack.plan();
    expect(
      Object.entries(grown).map(([address, { actions }]) => `${actions} ${address.replace(/\..*\[/, "[")}`),
    ).toEqual(['create aws_instance["cpu-3"]', 'create aws_network_interface["cpu-3"]']);
    await stack.apply();
    const after = await machines();
    expect(Object.keys(after).sort()).toEqual(["cpu-1", "cpu-2", "cpu-3", "master"]);
    for (const [host, { InstanceId, LaunchTime }] of Object.entries(before))
      expect(after[host]).toMatchObject({ InstanceId, LaunchTime });
    expect(after["cpu-3"]?.ImageId).toBe(image);
    await stack.apply();

    // Stop and start, all of it: Terraform has nothing to do afterwards, nor in between.
    const power = new AwsPower({ cluster: "demo", region: "us-east-1", client: moto.client });
    const hosts = Object.keys(after);
    await power.stop(hosts);
    await waitForState(power, hosts, "stopped", WAIT);
    expect(machinesIn(await stack.plan())).toEqual({});
    await power.start(["master"]);
    await waitForState(power, ["master"], "running", WAIT);
    await power.start(hosts);
    await waitForState(power, hosts, "running", WAIT);
    expect(await stack.plan()).toEqual({});

    // A state that somebody wrote by hand, with what may have changed since: as long as the key is the same, nothing moves.
    const state = JSON.parse(readFileSync(stack.state, "utf8")) as {
      serial: number;
      resources: { type: string; instances: { attributes: Record<string, unknown> }[] }[];
    };
    for (const { attributes } of state.resources
      .filter(({ type }) => type === "aws_instance")
      .flatMap(({ instances }) => instances)) {
      Object.assign(attributes, {
        ami: "ami-0123456789abcdef0",
        user_data: "0".repeat(40),
        user_data_base64: "",
        key_name: "another",
      });
    }
    writeFileSync(stack.state, JSON.stringify({ ...state, serial: state.serial + 1 }));
    expect(machinesIn(await stack.plan("-refresh=false"))).toEqual({});
  });

  it("machines are protected: a shrunk pool and a destroy are refused before anything is touched, until it is lifted", async () => {
    const grown = forMoto(small({ nodes: 3 }));
    const stack = await realStack(grown);
    await stack.apply();
    await stack.apply();
    const before = await machines();

    stack.write(forMoto(small({ nodes: 2 })));
    for (const command of [
      ["apply", "-auto-approve"],
      ["destroy", "-auto-approve"],
    ]) {
      const { exitCode, output } = await stack.run([...command, "-input=false", "-no-color"]);
      expect([exitCode, output]).toEqual([1, expect.stringContaining("Instance cannot be destroyed")]);
    }
    // What no machine survives is refused the same way, and so is everybody who asks AWS itself.
    stack.write(forMoto(small({ nodes: 3, cloud: { zone: "us-east-1b" } })));
    expect((await stack.run(["plan", "-no-color"])).output).toContain("Instance cannot be destroyed");
    const power = new AwsPower({ cluster: "demo", region: "us-east-1", client: moto.client });
    await expect(power.end(["cpu-3"])).rejects.toThrow("may not be terminated");
    expect(Object.keys(await machines()).sort()).toEqual(Object.keys(before).sort());

    // On purpose: Terraform is told so, and AWS.
    stack.write(grown);
    stack.override(withoutPreventDestroy(grown));
    await power.unprotect(Object.keys(before));
    const addresses = (await stack.must(["state", "list"]))
      .split("\n")
      .filter((address) => address.startsWith("aws_instance."));
    await stack.must(["destroy", "-auto-approve", "-input=false", ...addresses.map((address) => `-target=${address}`)]);
    expect(await machines()).toEqual({});
    await forgetInterfaces();
    await stack.must(["destroy", "-auto-approve", "-input=false"]);
    expect(await inventory()).toEqual({});
  });

  it("aws-gpu and aws-existing-network apply, too", async () => {
    const gpu = await realStack(forMoto(synthesize(awsGpu, "aws-gpu").terraform));
    await gpu.apply();
    const { disks, master } = readManifest((await gpu.outputs())["cluster"]);
    expect(disks.home).toMatchObject({
      kind: "nfs",
      server: expect.stringMatching(/^fs-.*\.efs\.us-east-1\.amazonaws\.com$/) as unknown,
    });
    const made = await machines();
    expect(Object.keys(made)).toHaveLength(1 + 4 + 8);
    expect(master.access.host).toBe(made["master"]?.InstanceId);
    expect(everyAction(await gpu.plan())).toEqual(["update"]);

    const { elsewhere, ...existing } = await surroundings();
    const stack = await realStack(
      forMoto(
        synthesize((scope) => {
          awsExistingNetwork(scope, existing);
        }, "existing").terraform,
      ),
    );
    await stack.apply();
    const nodes = Object.values(await machines("eu-west-1"));
    expect(nodes.map(({ PrivateIpAddress }) => PrivateIpAddress).sort()).toEqual([
      ...["172.31.16.20", "172.31.33.1", "172.31.33.2", "172.31.33.3", "172.31.33.4"],
    ]);
    expect(new Set(nodes.map(({ ImageId }) => ImageId))).toEqual(new Set([DEBIAN[2]!.id]));

    // What was said of the network and is not so is told before anything is made.
    const wrong = { ...existing, poolSubnet: { ...existing.poolSubnet, cidr: "172.31.32.0/19" } };
    stack.write(
      forMoto(
        synthesize((scope) => {
          awsExistingNetwork(scope, wrong);
        }, "existing").terraform,
      ),
    );
    expect((await stack.run(["plan", "-no-color"])).output.replaceAll(/[│\s]+/g, " ")).toContain(
      `the subnet ${existing.poolSubnet.id} has the cidr_block 172.31.32.0/20, but the stack says 172.31.32.0/19`,
    );
    stack.write(
      forMoto(
        synthesize((scope) => {
          awsExistingNetwork(scope, { ...existing, home: elsewhere });
        }, "existing").terraform,
      ),
    );
    expect((await stack.run(["plan", "-no-color"])).output.replaceAll(/[│\s]+/g, " ")).toContain(
      `the volume ${elsewhere} is in eu-west-1b, but the cluster is in eu-west-1a`,
    );
  });

  describe("what AWS refuses is told by ohpc as what it is:", () => {
    /** In front of moto: answers one action with an error that AWS was seen to give. */
    async function refusing(action: string, status: number, answer: string): Promise<Server> {
      const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          const body = Buffer.concat(chunks);
          if (body.includes(`Action=${action}&`)) {
            response.writeHead(status, { "content-type": "text/xml" });
            response.end(answer);
            return;
          }
          const { method, url: path, headers } = request;
          const asked = forward(`${moto.endpoint}${path ?? ""}`, { method, headers }, (answered) => {
            response.writeHead(answered.statusCode ?? 500, answered.headers);
            answered.pipe(response);
          });
          asked.end(body);
        });
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }

    async function failureOf(stack: RealStack, command: "plan" | "apply"): Promise<Failure> {
      const options = command === "apply" ? ["-auto-approve"] : [];
      const { exitCode, stdout } = await stack.run([command, "-input=false", "-json", ...options]);
      expect(exitCode).toBe(1);
      const diagnostics = stdout.split("\n").flatMap((line) => {
        const event = terraformEvent(line);
        return event?.kind === "diagnostic" ? [event.diagnostic] : [];
      });
      return terraformFailure(command, diagnostics, "");
    }

    const ec2Error = (code: string, said: string) =>
      `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>${said}</Message></Error></Errors><RequestID>0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9</RequestID></Response>`;
    const stsError = (code: string, said: string) =>
      `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${said}</Message></Error><RequestId>0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9</RequestId></ErrorResponse>`;

    it.each([
      [
        "no quota",
        ...(["RunInstances", 400, "apply"] as const),
        ec2Error(
          "VcpuLimitExceeded",
          "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        ),
        { code: "aws.quota", cause: expect.stringMatching(/^VcpuLimitExceeded: You have requested/) as unknown },
      ],
      [
        "an expired token",
        ...(["GetCallerIdentity", 403, "plan"] as const),
        stsError("ExpiredToken", "The security token included in the request is expired"),
        { code: "aws.expired", cause: "ExpiredToken: The security token included in the request is expired" },
      ],
      [
        "unknown credentials",
        ...(["GetCallerIdentity", 403, "plan"] as const),
        stsError("InvalidClientTokenId", "The security token included in the request is invalid."),
        { code: "aws.credentials", remedy: expect.stringContaining("check AWS_PROFILE") as unknown },
      ],
    ] as const)("%s", async (_, action, status, command, answer, details) => {
      const server = await refusing(action, status, answer);
      try {
        const { port } = server.address() as AddressInfo;
        const stack = await realStack(forMoto(small({ nodes: 1 })), { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
        expect((await failureOf(stack, command)).details).toMatchObject(details);
      } finally {
        server.close();
      }
    });

    it("no credentials", async () => {
      const nobody = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_PROFILE: "", HOME: "/nowhere" };
      const stack = await realStack(forMoto(small()), nobody);
      const { kind, details } = await failureOf(stack, "plan");
      expect({ kind, details }).toMatchObject({
        kind: "usage",
        details: { code: "aws.credentials", remedy: expect.stringContaining("aws configure") as unknown },
      });
    });
  });

  /** An image of one's own, newer than all before; the machine that it is made of is ended. */
  async function ownImage(Name: string): Promise<string> {
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({ ImageId: DEBIAN[1]!.id, MinCount: 1, MaxCount: 1 }),
    );
    const InstanceId = Instances[0]?.InstanceId ?? "";
    const { ImageId = "" } = await ec2.send(new CreateImageCommand({ InstanceId, Name }));
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    return ImageId;
  }

  /** A VPC with subnets and volumes, which somebody else has made. */
  async function surroundings(): Promise<Surroundings & { readonly elsewhere: string }> {
    const client = new EC2Client({ region: "eu-west-1", ...moto.client });
    const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: "172.31.0.0/16" }));
    const vpcId = Vpc?.VpcId ?? "";
    const subnet = async (CidrBlock: string) => {
      const { Subnet } = await client.send(
        new CreateSubnetCommand({ VpcId: vpcId, CidrBlock, AvailabilityZone: "eu-west-1a" }),
      );
      return { id: Subnet?.SubnetId ?? "", cidr: CidrBlock };
    };
    const group = async (GroupName: string) => {
      const { GroupId = "" } = await client.send(
        new CreateSecurityGroupCommand({ GroupName, Description: "x", VpcId: vpcId }),
      );
      return [GroupId];
    };
    const volume = async (AvailabilityZone: string) => {
      const { VolumeId = "" } = await client.send(new CreateVolumeCommand({ AvailabilityZone, Size: 20 }));
      return VolumeId;
    };
    return {
      vpcId,
      masterSubnet: await subnet("172.31.16.0/24"),
      poolSubnet: await subnet("172.31.32.0/20"),
      securityGroups: { master: await group("heads"), compute: await group("nodes") },
      home: await volume("eu-west-1a"),
      elsewhere: await volume("eu-west-1b"),
    };
  }

  /** moto keeps interfaces of ended instances attached; AWS lets go of them. */
  async function forgetInterfaces(): Promise<void> {
    const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
    for (const { NetworkInterfaceId } of NetworkInterfaces)
      await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  }

  /** What there is beyond what moto has to begin with: the default VPC and what is in it. Snapshots are left on purpose. */
  async function inventory(): Promise<Readonly<Record<string, number>>> {
    const { Vpcs = [] } = await ec2.send(
      new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["false"] }] }),
    );
    const { Subnets = [] } = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: "default-for-az", Values: ["false"] }] }),
    );
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
    const { NatGateways = [] } = await ec2.send(new DescribeNatGatewaysCommand({}));
    const { InternetGateways = [] } = await ec2.send(new DescribeInternetGatewaysCommand({}));
    const { VpcEndpoints = [] } = await ec2.send(new DescribeVpcEndpointsCommand({}));
    const { KeyPairs = [] } = await ec2.send(new DescribeKeyPairsCommand({}));
    const left = {
      instances: Object.keys(await machines()).length,
      vpcs: Vpcs.length,
      subnets: Subnets.length,
      groups: SecurityGroups.filter(({ GroupName }) => GroupName !== "default").length,
      volumes: Volumes.length,
      addresses: Addresses.length,
      interfaces: NetworkInterfaces.length,
      nats: NatGateways.filter(({ State }) => State !== "deleted").length,
      gateways: InternetGateways.length,
      endpoints: VpcEndpoints.filter(({ State }) => (State as string | undefined) !== "deleted").length,
      keys: KeyPairs.length,
    };
    return Object.fromEntries(Object.entries(left).filter(([, count]) => count > 0));
  }
});
