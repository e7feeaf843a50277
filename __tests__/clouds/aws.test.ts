import type { TerraformStack } from "cdktf";
import {
  ComputePool,
  type ComputePoolOptions,
  GpuComputePool,
  NfsDisk,
  OpenHpcMaster,
  type OpenHpcMasterProps,
  Size,
} from "cdktf-openhpc";
import { AwsCloud, type AwsCloudProps, AwsMachine } from "cdktf-openhpc/aws";
import {
  metadataWithoutToken,
  openIngress,
  secretsInUserData,
  type Synthesized,
  synthesize,
  type TerraformBlock,
  type TerraformJson,
  unencryptedDisks,
} from "cdktf-openhpc/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { awsCost } from "../../lib/clouds/aws/cost";
import { powerPolicy } from "../../lib/clouds/aws/identity";
import { lockAws } from "../../lib/clouds/aws/lock";
import { AwsPower } from "../../lib/clouds/aws/power";
import { PowerError } from "../../lib/clouds/power";
import { withFacts, writeLockFile } from "../../lib/clouds/lock-file";
import { readManifest } from "../../lib/model/manifest";
import { PORT_MATRIX } from "../../lib/model/ports";
import { awsDemo } from "../../stacks/aws-demo";
import { awsExistingNetwork } from "../../stacks/aws-existing-network";
import { awsGpu } from "../../stacks/aws-gpu";
import { refusal } from "../support/clusters";
import { expectGolden } from "../support/golden";

/** Nobody has its other half any more. */
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG test";
const PROPS: AwsCloudProps = {
  region: "us-east-1",
  access: { sshPublicKey: KEY, from: [{ cidr: "192.0.2.0/24", reason: "a test" }] },
};
const STACKS = { "aws-demo": awsDemo, "aws-gpu": awsGpu, "aws-existing-network": awsExistingNetwork } as const;

interface Variant {
  readonly cloud?: Partial<AwsCloudProps>;
  readonly master?: Partial<OpenHpcMasterProps>;
  readonly pool?: Partial<ComputePoolOptions>;
  readonly home?: string;
}

/** A master and a pool `cpu` of two machines. */
function demo({ cloud = {}, master: more = {}, pool = {}, home: existing }: Variant = {}): (
  stack: TerraformStack,
) => void {
  return (stack) => {
    const home = new NfsDisk(stack, "home", existing === undefined ? { size: Size.gibibytes(100) } : { existing });
    const master = new OpenHpcMaster(stack, "master", { cloud: new AwsCloud({ ...PROPS, ...cloud }), home, ...more });
    new ComputePool(stack, "cpu", { master, nodes: 2, machine: "medium", ...pool });
  };
}

function blocks(terraform: TerraformJson, type: string): readonly TerraformBlock[] {
  return Object.values(terraform.resource?.[type] ?? {});
}

function only(terraform: TerraformJson, type: string): TerraformBlock {
  const [first, ...more] = blocks(terraform, type);
  if (first === undefined || more.length > 0) throw new Error(`${more.length} more than one, or no ${type}`);
  return first;
}

/** The block of that type that was made for a group of machines. */
function ofGroup(terraform: TerraformJson, type: string, group: string): TerraformBlock {
  const found = blocks(terraform, type).find(({ tags }) => (tags as Record<string, string>)["ohpc:group"] === group);
  if (found === undefined) throw new Error(`no ${type} of ${group}`);
  return found;
}

describe("stacks on AWS", () => {
  const synthesized = Object.fromEntries(
    Object.entries(STACKS).map(([name, build]) => [name, synthesize(build, name)]),
  );
  const stack = (name: keyof typeof STACKS): Synthesized => synthesized[name]!;
  const names = Object.keys(STACKS) as (keyof typeof STACKS)[];

  it.each(names)("%s keeps its Terraform", (name) => {
    expectGolden(`stacks/${name}/cdk.tf.json`, `${JSON.stringify(stack(name).terraform, undefined, 2)}\n`);
  });

  it.each(names)(
    "%s lets nobody in from everywhere, encrypts its disks, asks for a session token, and tells no secret",
    (name) => {
      const { terraform } = stack(name);
      for (const look of [openIngress, unencryptedDisks, metadataWithoutToken, secretsInUserData])
        expect(look(terraform)).toEqual([]);
    },
  );

  it.each(names)("%s tags everything that can be tagged, with its cluster", (name) => {
    const untaggable =
      /^(aws_(route|route_table_association|volume_attachment|iam_role_policy|iam_role_policy_attachment|efs_mount_target)|terraform_data)$/;
    const untagged = Object.entries(stack(name).terraform.resource ?? {}).flatMap(([type, named]) =>
      untaggable.test(type)
        ? []
        : Object.entries(named).flatMap(([id, { tags, root_block_device: root }]) => {
            const all = [tags, ...(root === undefined ? [] : [(root as TerraformBlock)["tags"]])] as (
              Record<string, string> | undefined
            )[];
            return all.every((own) => own?.["ohpc:cluster"] === name) ? [] : [`${type}.${id}`];
          }),
    );
    expect(untagged).toEqual([]);
  });

  it.each(names)(
    "%s gives every instance an alias of the provider, and every machine a token-only metadata service",
    (name) => {
      const { terraform } = stack(name);
      for (const [type, named] of Object.entries(terraform.resource ?? {})) {
        if (type === "terraform_data") continue;
        for (const [id, { provider }] of Object.entries(named))
          expect([`${type}.${id}`, provider]).toEqual([`${type}.${id}`, "aws.aws"]);
      }
      for (const { metadata_options: options } of blocks(terraform, "aws_instance")) {
        expect(options).toEqual({
          http_endpoint: "enabled",
          http_tokens: "required",
          http_put_response_hop_limit: 1,
          instance_metadata_tags: "enabled",
        });
      }
    },
  );

  it("protect all machines but spot ones, and freeze what would replace them", () => {
    const { terraform } = stack("aws-gpu");
    for (const [group, protectedFromEnd] of [
      ["master", true],
      ["train", true],
      ["spare", false],
    ] as const) {
      const machine = ofGroup(terraform, "aws_instance", group);
      expect([group, machine["disable_api_termination"]]).toEqual([group, protectedFromEnd]);
      expect(machine["lifecycle"]).toEqual({
        ignore_changes: ["ami", "user_data", "user_data_base64", "key_name"],
        prevent_destroy: true,
      });
    }
  });

  it("open exactly what the port matrix says, and SSH to the operator alone", () => {
    const { terraform } = stack("aws-demo");
    const rules = blocks(terraform, "aws_vpc_security_group_ingress_rule");
    const opened = rules.map((rule) => {
      const [from = "", , to = ""] =
        /-(operator|master|compute)-(to)-(master|compute)-/
          .exec((rule["tags"] as Record<string, string>)["Name"] ?? "")
          ?.slice(1) ?? [];
      return [from, to, rule["ip_protocol"], rule["from_port"] ?? 0, rule["to_port"] ?? 65535].join(" ");
    });
    const wanted = PORT_MATRIX.flatMap(({ from, to, ports }) =>
      ports.map((port) => [from, to, port.protocol === "all" ? "-1" : port.protocol, port.from, port.to].join(" ")),
    );
    expect(opened.sort()).toEqual(wanted.sort());
    expect(
      rules.filter((rule) => rule["cidr_ipv4"] !== undefined).map((rule) => [rule["cidr_ipv4"], rule["description"]]),
    ).toEqual([["192.0.2.0/24", "the operators network"]]);
  });

  it("give the master's role no more than its own compute nodes", () => {
    const { terraform } = stack("aws-demo");
    const policies = ["aws_iam_role_policy", "aws_iam_role"].map((type) => only(terraform, type));
    const [power, role] = [policies[0]?.["policy"], policies[1]?.["assume_role_policy"]].map(
      (text) => JSON.parse(text as string) as unknown,
    );
    expectGolden("aws/master-policy.json", `${JSON.stringify({ trust: role, power }, undefined, 2)}\n`);
    expect(ofGroup(terraform, "aws_instance", "cpu")["iam_instance_profile"]).toBeUndefined();
  });

  it("name other partitions of AWS where they are", () => {
    expect(JSON.stringify(powerPolicy("aws-cn", "cn-north-1", "demo"))).toContain(
      "arn:aws-cn:ec2:cn-north-1:*:instance/*",
    );
  });

  it("need no open port with the Session Manager, and a way in that ohpc can use", () => {
    const { terraform, manifest } = stack("aws-gpu");
    const sources = blocks(terraform, "aws_vpc_security_group_ingress_rule").map(
      (rule) => rule["cidr_ipv4"] ?? "a group",
    );
    expect(new Set(sources)).toEqual(new Set(["a group", "10.78.0.0/16"]));
    expect(readManifest(manifest).master.access).toMatchObject({
      user: "root",
      proxy: [
        ...["aws", "ssm", "start-session", "--target", "%h", "--document-name", "AWS-StartSSHSession"],
        ...["--parameters", "portNumber=%p", "--region", "us-east-1"],
      ],
    });
    expect(ofGroup(terraform, "aws_instance", "master")["user_data"]).toContain("amazon-ssm-agent.deb");
    expect(ofGroup(terraform, "aws_instance", "train")["user_data"]).not.toContain("amazon-ssm-agent.deb");
  });

  it("make no network where there is one, and compare what was said of it with what it is", () => {
    const { terraform } = stack("aws-existing-network");
    for (const type of [
      "aws_vpc",
      "aws_subnet",
      "aws_security_group",
      "aws_eip",
      "aws_vpc_security_group_ingress_rule",
    ]) {
      expect([type, blocks(terraform, type)]).toEqual([type, []]);
    }
    const data = (terraform as { data: Record<string, Record<string, TerraformBlock>> }).data;
    const checked = Object.values(data["aws_subnet"] ?? {}).map((subnet) => JSON.stringify(subnet["lifecycle"]));
    expect(checked).toHaveLength(2);
    expect(checked.join()).toContain('self.cidr_block == \\"172.31.32.0/20\\"');
    const volume = JSON.stringify(Object.values(data["aws_ebs_volume"] ?? {})[0]?.["lifecycle"]);
    expect(volume).toContain('self.availability_zone == \\"eu-west-1a\\"');
    expect(volume).toContain("make a snapshot of it and a volume from that in eu-west-1a");
  });
});

describe("machines on AWS", () => {
  it("cost no construct each, also where there are a thousand", () => {
    const { instances, terraform } = synthesize(demo({ pool: { nodes: 1000 } }));
    expect(blocks(terraform, "aws_instance")).toHaveLength(2);
    expect([...instances.keys()].filter((address) => address.startsWith("aws_instance."))).toHaveLength(1001);
  });

  it("have one image per cluster and architecture, so that a pool that comes later gets what the others have", () => {
    const { terraform } = synthesize((stack) => {
      const master = new OpenHpcMaster(stack, "master", { cloud: new AwsCloud(PROPS) });
      for (const name of ["a", "b"]) new ComputePool(stack, name, { master, nodes: 1 });
      new ComputePool(stack, "arm", { master, nodes: 1, machine: "m8g.large" });
    });
    const images = (group: string) => ofGroup(terraform, "aws_instance", group)["ami"];
    expect([images("a"), images("b")]).toEqual([images("master"), images("master")]);
    expect(images("arm")).not.toBe(images("master"));
    expect(
      blocks(terraform, "terraform_data").every(
        (pin) => JSON.stringify(pin["lifecycle"]) === '{"ignore_changes":["input"]}',
      ),
    ).toBe(true);
  });

  it("take the image of the lock file without asking AWS", () => {
    const folder = mkdtempSync(join(tmpdir(), "lock-"));
    try {
      const lockFile = join(folder, "ohpc.lock.json");
      const facts = {
        "136693071363/debian-13-amd64-* x86_64": { id: "ami-0123456789abcdef0", architecture: "x86_64" },
      };
      writeLockFile(withFacts({}, "aws", "us-east-1", facts), lockFile);
      const { terraform } = synthesize(demo({ cloud: { lockFile } }));
      expect(ofGroup(terraform, "aws_instance", "cpu")["ami"]).toBe("ami-0123456789abcdef0");
      expect(terraform).not.toHaveProperty("data");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("with an id have that image, whose architecture is compared before anything is made", () => {
    const { terraform } = synthesize(demo({ cloud: { image: "ami-0123456789abcdef0" } }));
    expect(ofGroup(terraform, "aws_instance", "cpu")["ami"]).toBe("ami-0123456789abcdef0");
    const found = (terraform as { data: Record<string, Record<string, TerraformBlock>> }).data["aws_ami"] ?? {};
    expect(JSON.stringify(Object.values(found))).toContain("choose another image, or other machines");
  });

  it("with a fabric have an adapter on every card, are near each other, and may talk past the network", () => {
    const machine = AwsMachine.of("hpc7a.96xlarge", { efa: true });
    const { terraform } = synthesize(demo({ pool: { machine } }));
    const interfaces = blocks(terraform, "aws_network_interface").filter(
      ({ tags }) => (tags as Record<string, string>)["ohpc:group"] === "cpu",
    );
    expect(interfaces.map((one) => [one["interface_type"], one["private_ips"]])).toEqual([
      ["efa-only", undefined],
      ["efa", ["${each.value}"]],
    ]);
    const instance = ofGroup(terraform, "aws_instance", "cpu");
    expect(instance["network_interface"]).toMatchObject([
      { device_index: 0 },
      { device_index: 1, network_card_index: 1 },
    ]);
    expect(only(terraform, "aws_placement_group")).toMatchObject({ strategy: "cluster", name: "demo-cpu" });
    const own = blocks(terraform, "aws_vpc_security_group_egress_rule").filter(
      (rule) => rule["referenced_security_group_id"] !== undefined,
    );
    expect(own).toHaveLength(1);
    expect(own[0]?.["referenced_security_group_id"]).toBe(own[0]?.["security_group_id"]);
  });

  it("have user-data that are equal for all of a group, name no host of it, and parse as cloud-config", () => {
    const { terraform } = synthesize(demo({ pool: { nodes: 3 } }));
    const text = ofGroup(terraform, "aws_instance", "cpu")["user_data"] as string;
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(text).not.toContain("cpu-1");
    const { write_files: files, runcmd } = parse(text) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.find(({ path }) => path === "/etc/ohpc/boot.env")?.content.split("\n")).toEqual([
      ...["OHPC_CLUSTER=demo", "OHPC_ROLE=compute", "OHPC_MASTER_HOST=master", "OHPC_MASTER_ADDRESS=10.78.0.10"],
      ...["OHPC_BUNDLE=nfs:10.78.0.10:/srv/ohpc/bundle", ""],
    ]);
    expect(runcmd[0]).toEqual(["systemctl", "enable", "--now", "ohpc-metadata-guard.service"]);
  });

  it("do at their first boot what the user adds", () => {
    const firstBoot = {
      files: [{ path: "/etc/motd", mode: "0644", content: "hello ${name}\n\nbye\n" }],
      commands: [["echo", 'a "b"']],
    };
    const { terraform } = synthesize(demo({ cloud: { firstBoot } }));
    const text = ofGroup(terraform, "aws_instance", "cpu")["user_data"] as string;
    // Terraform takes the doubled sign for a plain one.
    const { write_files: files, runcmd } = parse(text.replaceAll("$${", "${")) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.at(-1)).toMatchObject({ path: "/etc/motd", content: "hello ${name}\n\nbye\n" });
    expect(runcmd.at(-1)).toEqual(["echo", 'a "b"']);
  });

  it("warn when the master is spare capacity", () => {
    const warnings: string[] = [];
    synthesize((stack) => {
      demo({ master: { machine: AwsMachine.of("m7a.large", { spot: true }) } })(stack);
      const metadata = stack.node.findAll().flatMap(({ node }) => node.metadata);
      warnings.push(...metadata.filter(({ type }) => type === "@cdktf/warn").map(({ data }) => String(data)));
    });
    expect(warnings).toEqual([
      "the master is a spot machine: when AWS takes it back, the cluster stops, and all running jobs with it",
    ]);
  });

  it("have their disks by the volumes' own ids, attached only to a master that is stopped before they are taken away", () => {
    const { terraform, manifest } = synthesize(demo());
    const { state, home } = readManifest(manifest).disks;
    const device =
      /^\/dev\/disk\/by-id\/nvme-Amazon_Elastic_Block_Store_\$\{replace\(aws_ebs_volume\.\w+\.id, "-", ""\)\}$/;
    expect([state, home]).toEqual([
      { kind: "block", device: expect.stringMatching(device) as unknown, path: "/srv/ohpc/state" },
      { kind: "block", device: expect.stringMatching(device) as unknown, path: "/home" },
    ]);
    expect(
      blocks(terraform, "aws_volume_attachment").map((one) => [
        one["device_name"],
        one["stop_instance_before_detaching"],
      ]),
    ).toEqual([
      ["/dev/sdg", true],
      ["/dev/sdf", true],
    ]);
    expect(blocks(terraform, "aws_ebs_volume").every((volume) => volume["final_snapshot"] === true)).toBe(true);
  });

  it("keep, lose or refuse to lose a disk's data, as the user chose", () => {
    const volume = (whenRemoved: "snapshot" | "delete" | "refuse") => {
      const { terraform } = synthesize(demo({ cloud: { disks: { home: { whenRemoved } } } }));
      const found = blocks(terraform, "aws_ebs_volume").find(
        ({ tags }) => (tags as Record<string, string>)["Name"] === "demo-home",
      );
      return [found?.["final_snapshot"], (found?.["lifecycle"] as TerraformBlock | undefined)?.["prevent_destroy"]];
    };
    expect(volume("snapshot")).toEqual([true, undefined]);
    expect(volume("delete")).toEqual([false, undefined]);
    expect(volume("refuse")).toEqual([false, true]);
  });
});

describe("what is wrong on AWS is told when it is written:", () => {
  const first = (variant: Variant) =>
    refusal(demo(variant))
      .split("\n")
      .slice(1)
      .map((line) => line.trim().slice(2));

  it.each<[string, Variant, string | RegExp]>([
    [
      "a zone in another region",
      { cloud: { zone: "us-west-2a" } },
      'zone is "us-west-2a", but must be a zone of the region us-east-1, such as us-east-1a',
    ],
    [
      "a zone where a region belongs",
      { cloud: { region: "us-east-1b" } },
      'region is "us-east-1b", but must be a region of AWS such as us-east-1; did you mean region: "us-east-1", zone: "us-east-1b"?',
    ],
    ["an unknown type", { pool: { machine: "m7a.larg" } }, /^machine is "m7a\.larg".*did you mean "m7a\.large"\?/],
    [
      "an arm type with an x86 image",
      { pool: { machine: "m8g.large", image: "136693071363/debian-13-amd64-*" } },
      /^image is "136693071363\/debian-13-amd64-\*", but must be an image for arm64, which the machine is; this one is for x86_64/,
    ],
    [
      "an address that AWS keeps",
      { pool: { addresses: "10.78.128.3", nodes: 1 } },
      /10\.78\.128\.3 is reserved by the platform/,
    ],
    [
      "an address outside the pools' subnet",
      { pool: { addresses: "10.78.1.0/24" } },
      /^addresses is "10\.78\.1\.0.*must be inside the subnet 10\.78\.128\.0\/17/,
    ],
    [
      "an address of the master outside its subnet",
      { master: { address: "10.78.128.9" } },
      'address is "10.78.128.9", but must be inside the subnet 10.78.0.0/24',
    ],
    [
      "a subnet that is too small for the pool",
      { cloud: { cidr: "10.9.0.0/24" }, pool: { nodes: 200 } },
      /^addresses is missing, but must be given, because the subnet 10\.9\.0\.128\/25 has too few addresses/,
    ],
    [
      "gp2 with iops",
      { cloud: { disks: { home: { type: "gp2", iops: 6000 } } } },
      /^disks\.home\.iops is 6000, but must be left out for gp2/,
    ],
    [
      "everybody without a reason",
      { cloud: { access: { sshPublicKey: KEY, from: [{ cidr: "0.0.0.0/0", reason: " " }] } } },
      /^access\.from\[0\]\.reason is " ", but must be why SSH is open to it/,
    ],
    [
      "a private key",
      { cloud: { access: { sshPublicKey: "-----BEGIN OPENSSH PRIVATE KEY-----", from: "ssm" } } },
      /^access\.sshPublicKey is "a private key"/,
    ],
    [
      "a state disk on a file system",
      { master: { stateDisk: { existing: "fs-0123456789abcdef0" } } },
      /^existing is "fs-0123456789abcdef0", but must be a volume/,
    ],
    ["a disk by its name", { home: "my-volume" }, /^existing is "my-volume", but must be the id of an EBS volume/],
    [
      "user-data that are too large",
      { cloud: { firstBoot: { files: [{ path: "/opt/x", mode: "0644", content: "x".repeat(16_384) }] } } },
      /^firstBoot is "\d+ bytes", but must be at most 16384 bytes together with what the cluster needs.*put it into an image/,
    ],
    ["an account that is no number", { cloud: { account: "mine" } }, 'account is "mine", but must be 12 digits'],
    [
      "security groups for only one side",
      {
        cloud: {
          network: {
            vpcId: "vpc-0123456789abcdef0",
            masterSubnet: { id: "subnet-0123456789abcdef1", cidr: "10.0.1.0/24" },
            securityGroups: { master: ["sg-0123456789abcdef0"], compute: [] },
          },
        },
      },
      /^network\.securityGroups is .*but must be at least one for the master and one for compute nodes/,
    ],
  ])("%s", (_, variant, message) => {
    expect(first(variant)).toEqual(
      expect.arrayContaining([typeof message === "string" ? message : expect.stringMatching(message)]),
    );
  });

  it("a GPU pool on machines without GPUs", () => {
    const message = refusal((stack) => {
      const master = new OpenHpcMaster(stack, "master", { cloud: new AwsCloud(PROPS) });
      new GpuComputePool(stack, "gpu", { master, nodes: 1, machine: "m7a.large" });
    });
    expect(message).toContain('machine is "m7a.large", but must be a machine with at least one GPU');
  });

  it("all of it at once", () => {
    expect(first({ cloud: { zone: "mars-1a", account: "1", tags: { Name: "x" }, cidr: "10.0.0.0/8" } })).toHaveLength(
      4,
    );
  });
});

describe("what an AWS stack costs", () => {
  const round = (amount: number) => Math.round(amount * 10_000) / 10_000;

  it("is the sum of its parts by list price, and less when it is stopped", () => {
    const cost = awsCost(synthesize(demo()).terraform);
    const machines = 0.11592 + 2 * 0.46368;
    const disks = ((3 * 40 + 16 + 100) * 0.08) / 730;
    const rest = 0.045 + 2 * 0.005;
    expect(round(cost.runningHourly)).toBe(round(machines + disks + rest));
    expect(round(cost.stoppedHourly)).toBe(round(disks + rest));
    expect(round(cost.runningMonthly)).toBe(round(730 * cost.runningHourly));
    expect(cost.withoutPrice).toEqual([]);
    expect(cost.billedWhenStopped).toEqual([
      "40 GiB gp3 (system, cpu)",
      "40 GiB gp3 (system, master)",
      "100 GiB gp3 (demo-home)",
      "16 GiB gp3 (demo-state)",
      "nat gateway",
      "public IPv4",
      "public IPv4",
    ]);
    expect(cost.sources.every((source) => /20\d\d-\d\d-\d\d/.test(source))).toBe(true);
  });

  it("names what no price is known for, instead of guessing", () => {
    const { withoutPrice, items } = awsCost(synthesize(awsGpu, "aws-gpu").terraform);
    expect(withoutPrice).toEqual(["c7i.4xlarge (spare)", "EFS (aws-gpu-home)"]);
    expect(items.find(({ what }) => what === "c7i.4xlarge (spare)")).toMatchObject({
      count: 8,
      note: "spot: the price changes by the hour",
    });
    const elsewhere = awsCost(synthesize(demo({ cloud: { region: "eu-west-1" } })).terraform);
    expect(elsewhere.runningHourly).toBe(0);
    expect(elsewhere.withoutPrice).toHaveLength(elsewhere.items.length);
  });
});

/** Errors as AWS answers them, in the form of its EC2 API. */
describe("an error of AWS is told as what it is:", () => {
  let server: Server;
  let answer: readonly [status: number, code: string, message: string];
  let power: AwsPower;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const describing = body.includes("Action=DescribeInstances");
        const [status, code, message] = answer;
        response.writeHead(describing && code !== "Everything" ? 200 : status, { "content-type": "text/xml" });
        const error = `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>1</RequestID></Response>`;
        response.end(describing ? INSTANCES : error);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    power = new AwsPower({ cluster: "demo", region: "us-east-1", client: { endpoint, credentials, maxAttempts: 1 } });
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  const tag = (key: string, value: string) => `<item><key>${key}</key><value>${value}</value></item>`;
  const instance = (host: string) =>
    `<item><instanceId>i-${host}</instanceId><instanceState><name>stopped</name></instanceState><tagSet>${tag("ohpc:host", host)}</tagSet></item>`;
  const INSTANCES = `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item><instancesSet>${instance("cpu-1")}${instance("cpu-2")}</instancesSet></item></reservationSet></DescribeInstancesResponse>`;

  it.each([
    [
      "no quota",
      [
        400,
        "VcpuLimitExceeded",
        "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
      ],
      { failure: "quota" },
      "Service Quotas",
    ],
    [
      "no capacity",
      [
        500,
        "InsufficientInstanceCapacity",
        "We currently do not have sufficient p5.48xlarge capacity in the Availability Zone you requested (us-east-1a).",
      ],
      { failure: "capacity", hosts: ["cpu-1", "cpu-2"] },
      "cpu-1, cpu-2: AWS has no such machine to give in this zone right now",
    ],
    ["an expired token", [400, "RequestExpired", "Request has expired."], { failure: "expired" }, "aws sso login"],
    [
      "an expired session",
      [403, "ExpiredToken", "The security token included in the request is expired"],
      { failure: "expired" },
      "aws sso login",
    ],
    [
      "unknown credentials",
      [401, "AuthFailure", "AWS was not able to validate the provided access credentials"],
      { failure: "credentials" },
      "AWS_PROFILE",
    ],
    [
      "a missing permission",
      [403, "UnauthorizedOperation", "You are not authorized to perform this operation."],
      { failure: "permission" },
      "use a role that may",
    ],
    [
      "too many requests",
      [503, "RequestLimitExceeded", "Request limit exceeded."],
      { failure: "throttled" },
      "in a minute",
    ],
    [
      "something new",
      [400, "NeverHeardOf", "It is new."],
      { failure: "failed" },
      "It is new.; AWS calls it NeverHeardOf",
    ],
  ] as const)("%s", async (_, recorded, expected, words) => {
    answer = recorded;
    const error = await power.start(["cpu-1", "cpu-2"]).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PowerError);
    expect(error).toMatchObject(expected);
    expect((error as PowerError).message).toContain(words);
  });

  it("missing credentials", async () => {
    const before = process.env;
    const nothing = {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/nowhere",
      AWS_SHARED_CREDENTIALS_FILE: "/nowhere",
    };
    process.env = { PATH: before["PATH"], HOME: "/nowhere", ...nothing };
    try {
      const nobody = new AwsPower({ cluster: "demo", region: "us-east-1", client: { endpoint: "http://127.0.0.1:1" } });
      await expect(nobody.list()).rejects.toMatchObject({
        failure: "credentials",
        message: expect.stringContaining("there are no credentials for AWS") as unknown,
      });
      const images = [{ image: "debian-13", architecture: "x86_64" as const }];
      await expect(lockAws({ region: "us-east-1", images, file: "/nowhere/lock" })).rejects.toMatchObject({
        failure: "credentials",
      });
    } finally {
      process.env = before;
    }
  });
});
