import { gunzipSync } from "node:zlib";
import type { TerraformBlock, TerraformJson } from "./terraform-json";

/** Something that a synthesized stack should not have. */
export interface Finding {
  /** `aws_instance.x` */
  readonly address: string;
  readonly what: string;
}

/** Looks at one block and says what is wrong with it; nothing if it is of another type. */
type Look = (block: TerraformBlock) => readonly string[];

/** Everybody, in the spellings of the clouds. */
const ANYWHERE = new Set(["0.0.0.0/0", "::/0", "*", "Internet", "any"]);

/** Firewalls that let the whole world in. */
export function openIngress(terraform: TerraformJson): readonly Finding[] {
  const sources = (block: TerraformBlock, ...names: string[]) =>
    names
      .flatMap((name) => block[name])
      .filter((source) => typeof source === "string" && ANYWHERE.has(source))
      .map((source) => `lets ${String(source)} in`);
  const inbound = (rule: TerraformBlock) =>
    rule["direction"] === "Inbound" && rule["access"] === "Allow"
      ? sources(rule, "source_address_prefix", "source_address_prefixes")
      : [];
  return inspect(terraform, {
    aws_vpc_security_group_ingress_rule: (rule) => sources(rule, "cidr_ipv4", "cidr_ipv6"),
    aws_security_group_rule: (rule) =>
      rule["type"] === "ingress" ? sources(rule, "cidr_blocks", "ipv6_cidr_blocks") : [],
    aws_security_group: (group) =>
      blocksIn(group["ingress"]).flatMap((rule) => sources(rule, "cidr_blocks", "ipv6_cidr_blocks")),
    aws_default_security_group: (group) =>
      blocksIn(group["ingress"]).flatMap((rule) => sources(rule, "cidr_blocks", "ipv6_cidr_blocks")),
    azurerm_network_security_rule: inbound,
    azurerm_network_security_group: (group) => blocksIn(group["security_rule"]).flatMap(inbound),
  });
}

/** Disks and file systems that are not said to be encrypted. Azure encrypts all of its own. */
export function unencryptedDisks(terraform: TerraformJson): readonly Finding[] {
  const open = (block: TerraformBlock, what: string) =>
    block["encrypted"] === true ? [] : [`${what} is not encrypted`];
  const disksOf: Look = (machine) => [
    ...(machine["root_block_device"] === undefined ? ["its system disk is not encrypted"] : []),
    ...blocksIn(machine["root_block_device"]).flatMap((disk) => open(disk, "its system disk")),
    ...blocksIn(machine["ebs_block_device"]).flatMap((disk) => open(disk, "a disk of it")),
  ];
  return inspect(terraform, {
    aws_ebs_volume: (volume) => open(volume, "it"),
    aws_efs_file_system: (system) => open(system, "it"),
    aws_instance: disksOf,
  });
}

/** Machines whose metadata, and with it their credentials, are read without a session token (IMDSv1). */
export function metadataWithoutToken(terraform: TerraformJson): readonly Finding[] {
  const look: Look = (machine) => {
    const options = blocksIn(machine["metadata_options"]);
    const safe = options.some(
      ({ http_tokens: tokens, http_endpoint: endpoint }) => tokens === "required" || endpoint === "disabled",
    );
    return safe ? [] : ["its metadata are read without a token"];
  };
  return inspect(terraform, { aws_instance: look, aws_launch_template: look });
}

/** What a secret looks like. Public keys and names of files are none. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, "an access key of AWS"],
  [/\b(aws_secret_access_key|client_secret|secret_key|api_?key|auth_?token)\b\s*[=:]\s*\S+/i, "a secret"],
  [/\b(password|passwd|passphrase)\b\s*[=:]\s*["']?[^\s"']+/i, "a password"],
  [/\$(1|2[aby]|5|6|y)\$[./A-Za-z0-9$=,]{20,}/, "a hash of a password"],
];

/** What every user of a machine can read, and should therefore not be there. */
export function secretsInUserData(terraform: TerraformJson): readonly Finding[] {
  const look: Look = (machine) => {
    const plain = [machine["user_data"], machine["custom_data"]].filter((text) => typeof text === "string");
    const encoded = [machine["user_data_base64"], machine["user_data"], machine["custom_data"]].filter(
      (text) => typeof text === "string",
    );
    const outer = [...plain, ...encoded.map(decoded), ...encoded.flatMap(quoted)];
    const texts = [...outer, ...outer.flatMap(filesIn)];
    return SECRETS.flatMap(([pattern, what]) =>
      texts.some((text) => pattern.test(text)) ? [`its user-data have ${what}`] : [],
    );
  };
  return inspect(terraform, {
    aws_instance: look,
    aws_launch_template: look,
    azurerm_linux_virtual_machine: look,
    azurerm_linux_virtual_machine_scale_set: look,
  });
}

/** cloud-init unpacks what is packed. */
function decoded(text: string): string {
  const bytes = Buffer.from(text, "base64");
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isPacked ? gunzipSync(bytes) : bytes).toString("latin1");
}

/** Files of a cloud-config that are encoded by themselves. */
function filesIn(text: string): string[] {
  const encoded = text.matchAll(/\bencoding: "?b64"?\n\s+content: "?([A-Za-z0-9+/=]+)/g);
  return [...encoded].map(([, content = ""]) => Buffer.from(content, "base64").toString("utf8"));
}

/** The text in `${base64encode("…")}`. */
function quoted(expression: string): string[] {
  const inner = /base64(?:gzip|encode)\(("(?:[^"\\]|\\.)*")\)/s.exec(expression)?.[1];
  return inner === undefined ? [] : [JSON.parse(inner) as string];
}

function inspect({ resource = {} }: TerraformJson, looks: Readonly<Record<string, Look>>): readonly Finding[] {
  return Object.entries(looks).flatMap(([type, look]) =>
    Object.entries(resource[type] ?? {}).flatMap(([name, block]) =>
      look(block).map((what) => ({ address: `${type}.${name}`, what })),
    ),
  );
}

/** Nested blocks are an object, or a list of them. */
function blocksIn(value: unknown): readonly TerraformBlock[] {
  return (Array.isArray(value) ? value : [value]).filter(
    (one): one is TerraformBlock => typeof one === "object" && one !== null,
  );
}
