import {
  metadataWithoutToken,
  openIngress,
  secretsInUserData,
  type TerraformBlock,
  type TerraformJson,
  unencryptedDisks,
} from "cdktf-openhpc/testing";
import { gzipSync } from "node:zlib";

/** A stack of one resource. */
const one = (type: string, block: TerraformBlock): TerraformJson => ({ resource: { [type]: { it: block } } });

const inbound = { direction: "Inbound", access: "Allow" };
const machine = { root_block_device: { encrypted: true }, metadata_options: { http_tokens: "required" } };
const base64 = (text: string) => Buffer.from(text).toString("base64");

type Case = readonly [what: string, type: string, block: TerraformBlock, found: string | undefined];

/** The same for every matcher: what it finds in a stack of one resource, or that it finds nothing. */
function describeMatcher(
  name: string,
  matcher: (terraform: TerraformJson) => readonly object[],
  cases: readonly Case[],
): void {
  describe(name, () => {
    it.each(cases.filter(([, , , found]) => found !== undefined))("finds %s in %s", (_, type, block, found) => {
      expect(matcher(one(type, block))).toEqual([{ address: `${type}.it`, what: found }]);
    });

    it.each(cases.filter(([, , , found]) => found === undefined))("lets %s of %s pass", (_, type, block) => {
      expect(matcher(one(type, block))).toEqual([]);
    });

    it("finds nothing where there is nothing", () => {
      expect(matcher({})).toEqual([]);
    });
  });
}

describeMatcher("openIngress", openIngress, [
  ["everybody", "aws_vpc_security_group_ingress_rule", { cidr_ipv4: "0.0.0.0/0" }, "lets 0.0.0.0/0 in"],
  ["everybody over IPv6", "aws_vpc_security_group_ingress_rule", { cidr_ipv6: "::/0" }, "lets ::/0 in"],
  [
    "everybody among others",
    "aws_security_group_rule",
    { type: "ingress", cidr_blocks: ["192.0.2.0/24", "0.0.0.0/0"] },
    "lets 0.0.0.0/0 in",
  ],
  ["everybody in a block", "aws_security_group", { ingress: [{ cidr_blocks: ["0.0.0.0/0"] }] }, "lets 0.0.0.0/0 in"],
  ["everybody in a block", "aws_default_security_group", { ingress: { ipv6_cidr_blocks: ["::/0"] } }, "lets ::/0 in"],
  [
    "everybody by Azure's word",
    "azurerm_network_security_rule",
    { ...inbound, source_address_prefix: "Internet" },
    "lets Internet in",
  ],
  [
    "everybody in a block",
    "azurerm_network_security_group",
    { security_rule: [{ ...inbound, source_address_prefixes: ["*"] }] },
    "lets * in",
  ],
  ["an office", "aws_vpc_security_group_ingress_rule", { cidr_ipv4: "192.0.2.0/24" }, undefined],
  ["another group", "aws_vpc_security_group_ingress_rule", { referenced_security_group_id: "sg-1" }, undefined],
  ["the way out", "aws_security_group_rule", { type: "egress", cidr_blocks: ["0.0.0.0/0"] }, undefined],
  ["the way out", "aws_vpc_security_group_egress_rule", { cidr_ipv4: "0.0.0.0/0" }, undefined],
  ["a refusal", "azurerm_network_security_rule", { ...inbound, access: "Deny", source_address_prefix: "*" }, undefined],
]);

describeMatcher("unencryptedDisks", unencryptedDisks, [
  ["a volume of which nothing is said", "aws_ebs_volume", {}, "it is not encrypted"],
  ["a volume", "aws_ebs_volume", { encrypted: false }, "it is not encrypted"],
  ["a file system", "aws_efs_file_system", {}, "it is not encrypted"],
  ["a system disk of which nothing is said", "aws_instance", {}, "its system disk is not encrypted"],
  ["a system disk", "aws_instance", { root_block_device: [{ encrypted: false }] }, "its system disk is not encrypted"],
  [
    "another disk of a machine",
    "aws_instance",
    { ...machine, ebs_block_device: [{ encrypted: true }, {}] },
    "a disk of it is not encrypted",
  ],
  ["an encrypted volume", "aws_ebs_volume", { encrypted: true }, undefined],
  ["an encrypted system disk", "aws_instance", machine, undefined],
  ["a disk, encrypted by Azure itself,", "azurerm_managed_disk", {}, undefined],
]);

describeMatcher("metadataWithoutToken", metadataWithoutToken, [
  ["metadata of which nothing is said", "aws_instance", {}, "its metadata are read without a token"],
  [
    "a token that is optional",
    "aws_instance",
    { metadata_options: { http_tokens: "optional" } },
    "its metadata are read without a token",
  ],
  ["metadata of which nothing is said", "aws_launch_template", {}, "its metadata are read without a token"],
  ["a token", "aws_instance", machine, undefined],
  ["a service that is off", "aws_launch_template", { metadata_options: [{ http_endpoint: "disabled" }] }, undefined],
]);

describeMatcher("secretsInUserData", secretsInUserData, [
  [
    "a private key",
    "aws_instance",
    { user_data: "#cloud-config\n-----BEGIN OPENSSH PRIVATE KEY-----\n" },
    "its user-data have a private key",
  ],
  [
    "an access key",
    "aws_instance",
    { user_data_base64: base64("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE") },
    "its user-data have an access key of AWS",
  ],
  [
    "a password",
    "azurerm_linux_virtual_machine",
    { custom_data: base64("password: hunter2\n") },
    "its user-data have a password",
  ],
  [
    "a password in an expression",
    "aws_launch_template",
    { user_data: '${base64encode("passwd = \\"x\\"")}' },
    "its user-data have a password",
  ],
  [
    "a password that is packed",
    "aws_instance",
    { user_data_base64: gzipSync("password: hunter2\n").toString("base64") },
    "its user-data have a password",
  ],
  [
    "a hash",
    "azurerm_linux_virtual_machine_scale_set",
    { custom_data: base64("$6$rounds=4096$abcdefgh$0123456789abcdefghij") },
    "its user-data have a hash of a password",
  ],
  ["a secret", "aws_instance", { user_data: "CLIENT_SECRET=abc" }, "its user-data have a secret"],
  [
    "public keys and the setting that forbids passwords",
    "aws_instance",
    {
      user_data: "#cloud-config\nssh_pwauth: false\n- ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me\nPasswordAuthentication no\n",
    },
    undefined,
  ],
]);
