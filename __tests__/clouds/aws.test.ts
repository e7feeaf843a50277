import {
  metadataWithoutToken,
  openIngress,
  secretsInUserData,
  type Synthesized,
  synthesize,
  type TerraformBlock,
  unencryptedDisks,
} from "cdktf-openhpc/testing";
import { readManifest } from "../../lib/model/manifest";
import { PORT_MATRIX } from "../../lib/model/ports";
import { awsDemo } from "../../stacks/aws-demo";
import { awsExistingNetwork } from "../../stacks/aws-existing-network";
import { awsGpu } from "../../stacks/aws-gpu";
import { operator } from "../../stacks/operator";
import { demo, machineOf } from "../support/aws";
import { expectGolden } from "../support/golden";
import { blocks, only } from "../support/terraform";

const STACKS = { "aws-demo": awsDemo, "aws-gpu": awsGpu, "aws-existing-network": awsExistingNetwork } as const;

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
      const machine = machineOf(terraform, group);
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

  it("may do nothing in AWS: no role is made, and nobody has one", () => {
    for (const name of ["aws-demo", "aws-existing-network"] as const) {
      const { terraform } = stack(name);
      expect(Object.keys(terraform.resource ?? {}).filter((type) => type.startsWith("aws_iam"))).toEqual([]);
      for (const machine of blocks(terraform, "aws_instance")) expect(machine["iam_instance_profile"]).toBeUndefined();
    }
  });

  it("give a master whose way in is the Session Manager what its agent needs, and nothing else", () => {
    const { terraform } = stack("aws-gpu");
    const role = only(terraform, "aws_iam_role");
    const attached = only(terraform, "aws_iam_role_policy_attachment");
    const trust = JSON.parse(role["assume_role_policy"] as string) as unknown;
    const policies = attached["policy_arn"];
    expectGolden("aws/master-policy.json", `${JSON.stringify({ trust, policies }, undefined, 2)}\n`);
    expect(blocks(terraform, "aws_iam_role_policy")).toEqual([]);
    expect(machineOf(terraform, "master")["iam_instance_profile"]).toMatch(/aws_iam_instance_profile/);
    expect(machineOf(terraform, "spare")["iam_instance_profile"]).toBeUndefined();
  });

  it("have the profile that the user gives the master, and make none then", () => {
    const { terraform } = synthesize(demo({ cloud: { instanceProfile: "mine" } }));
    expect(machineOf(terraform, "master")["iam_instance_profile"]).toBe("mine");
    expect(machineOf(terraform, "cpu")["iam_instance_profile"]).toBeUndefined();
    expect(blocks(terraform, "aws_iam_role")).toEqual([]);
  });

  it("name other partitions of AWS where they are", () => {
    const { terraform } = synthesize(
      demo({ cloud: { region: "cn-north-1", zone: "cn-north-1a", access: { ...operator, from: "ssm" } } }),
    );
    expect(only(terraform, "aws_iam_role_policy_attachment")["policy_arn"]).toMatch(/^arn:aws-cn:iam::aws:policy\//);
    expect(only(terraform, "aws_iam_role")["assume_role_policy"]).toContain("ec2.amazonaws.com.cn");
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
    expect(machineOf(terraform, "master")["user_data"]).toContain("amazon-ssm-agent.deb");
    expect(machineOf(terraform, "train")["user_data"]).not.toContain("amazon-ssm-agent.deb");
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
