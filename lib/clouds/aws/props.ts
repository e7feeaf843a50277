import type { Architecture } from "../../model/machine";
import { SSH_SOURCE_NAMES, type SshSource } from "../access";
import { FIRST_BOOT_NAMES, type FirstBoot } from "../user-data";
import { DISK_NAMES, HOME_NAMES, type DiskOptions, type EfsOptions } from "./disk";
import { EXISTING_SUBNET_NAMES, type ExistingSubnetOptions } from "./subnets";
import { bag, FLAG, listOf, needed, oneOf, type PropertyNames, TEXT, TEXT_MAP, TEXTS } from "../../model/properties";

export interface AwsCloudProps {
  /**
   * E.g. `us-east-1`.
   *
   * @onChange replaces the cluster, with its disks
   */
  readonly region: string;

  /** Who gets in, and how. Nothing is open that is not named here. */
  readonly access: AwsAccess;

  /**
   * The availability zone; all machines of a cluster are in one.
   *
   * @default - the region's first: `us-east-1a`
   * @onChange replaces the cluster, with its disks
   */
  readonly zone?: string;

  /**
   * The address range of the VPC that is made.
   *
   * @default "10.78.0.0/16"
   * @onChange replaces the cluster
   */
  readonly cidr?: string;

  /**
   * How compute nodes reach the world: through a NAT gateway (which costs money by the hour), or not at all, but for S3.
   *
   * @default "gateway"
   * @onChange live
   */
  readonly nat?: "gateway" | "none";

  /**
   * A VPC and subnets that are there already. Pools then have to say their `addresses`, the master its `address`.
   *
   * @default - a VPC of its own
   * @onChange replaces the cluster
   */
  readonly network?: AwsNetworkReference;

  /**
   * Whether the master has a public address, which stays the same when it is stopped and started. In a VPC of its own it is
   * the master's way out, and cannot be left away.
   *
   * @default - true in a VPC of its own and with `access: { from: "ssm" }`, else false
   * @onChange live
   */
  readonly publicAddress?: boolean;

  /**
   * What the neutral sizes mean: AMD, or Graviton.
   *
   * @default "x86_64"
   * @onChange replaces all machines that have a neutral size
   */
  readonly architecture?: Architecture;

  /**
   * The image of machines that name none: `debian-13`, an id (`ami-…`), or OWNER/NAME-PATTERN for the newest that fits,
   * e.g. `self/gpu-node-*`. It is looked up once, and stays. Pools with GPUs need one with NVIDIA's driver and the
   * cluster's software. `aws-gpu` (Ubuntu) is refused, until the roles converge it.
   *
   * @default "debian-13"
   * @onChange nothing, but for machines that are made from then on
   */
  readonly image?: string;

  /**
   * What the state disk and the home disk are made of.
   *
   * @default - gp3 volumes, encrypted, of which a snapshot is left
   */
  readonly disks?: AwsDisks;

  /**
   * What machines do at their first boot beyond what the cluster needs. No secrets: every user of a machine can read it.
   *
   * @default - nothing
   * @onChange nothing, but for machines that are made from then on
   */
  readonly firstBoot?: FirstBoot;

  /**
   * Whether machines are kept from being ended: AWS refuses it (but for spot machines), and so does a plan of Terraform
   * that would, because a pool shrank or something changed that no machine survives. `ohpc` lifts both after asking.
   *
   * @default true
   * @onChange live
   */
  readonly protect?: boolean;

  /**
   * The name of an instance profile for the master: what root's programs there may do in AWS. Nothing of the cluster needs
   * one, but for the agent of the Session Manager.
   *
   * @default - none; with `access: { from: "ssm" }` one is made, for the agent alone
   * @onChange live
   */
  readonly instanceProfile?: string;

  /**
   * The ARN of the policy that bounds every role of the account. Only for `access: { from: "ssm" }` is a role made.
   *
   * @default - none
   * @onChange live
   */
  readonly permissionsBoundary?: string;

  /**
   * The number of the account that this is for; every other is refused.
   *
   * @default - whichever the credentials are of
   */
  readonly account?: string;

  /**
   * Put on everything that is made, volumes too.
   *
   * @default - none but the cluster's own
   * @onChange live
   */
  readonly tags?: Readonly<Record<string, string>>;

  /**
   * Where ids that were looked up are kept.
   *
   * @default "ohpc.lock.json"
   */
  readonly pinFile?: string;

  /**
   * Names the site in the manifest, and the provider.
   *
   * @default "aws"
   * @onChange nothing but these names
   */
  readonly id?: string;
}

export interface AwsAccess {
  /**
   * The operator's public key, as in `~/.ssh/id_ed25519.pub`.
   *
   * @onChange nothing, but for machines that are made from then on
   */
  readonly sshPublicKey: string;

  /**
   * The subnets that SSH to the master is open to, each with a reason; or `"ssm"`: no port is open, and the Session
   * Manager carries SSH (the operator needs the `aws` program with its session-manager-plugin). Security groups of your own
   * decide themselves who gets in.
   *
   * @onChange live; `"ssm"` only for a master that is made anew: the agent is installed at its first boot
   */
  readonly from: readonly SshSource[] | "ssm";
}

export interface AwsNetworkReference extends ExistingSubnetOptions {
  /**
   * Ids of security groups that let the cluster's traffic through; what has to be open is in the port matrix.
   *
   * @default - two are made
   * @onChange live
   */
  readonly securityGroups?: { readonly master: readonly string[]; readonly compute: readonly string[] };
}

export interface AwsDisks {
  /** @default - gp3 */
  readonly state?: DiskOptions;
  /** Or an elastic file system: `{ kind: "efs" }`. @default - gp3, exported by the master */
  readonly home?: DiskOptions | EfsOptions;
}

export const DEFAULT_CIDR = "10.78.0.0/16";

const ACCESS_NAMES = {
  sshPublicKey: needed(TEXT),
  from: needed(listOf(SSH_SOURCE_NAMES, oneOf("ssm"))),
} satisfies PropertyNames<AwsAccess>;

const GROUP_NAMES = { master: needed(TEXTS), compute: needed(TEXTS) } satisfies PropertyNames<
  NonNullable<AwsNetworkReference["securityGroups"]>
>;
const NETWORK_NAMES = {
  ...EXISTING_SUBNET_NAMES,
  securityGroups: bag(GROUP_NAMES),
} satisfies PropertyNames<AwsNetworkReference>;

const DISKS_NAMES = { state: bag(DISK_NAMES), home: bag(HOME_NAMES) } satisfies PropertyNames<AwsDisks>;

export const AWS_CLOUD_NAMES = {
  region: needed(TEXT),
  access: needed(bag(ACCESS_NAMES)),
  zone: TEXT,
  cidr: TEXT,
  nat: oneOf("gateway", "none"),
  network: bag(NETWORK_NAMES),
  publicAddress: FLAG,
  architecture: oneOf("x86_64", "arm64"),
  image: TEXT,
  disks: bag(DISKS_NAMES),
  firstBoot: bag(FIRST_BOOT_NAMES),
  protect: FLAG,
  instanceProfile: TEXT,
  permissionsBoundary: TEXT,
  account: TEXT,
  tags: TEXT_MAP,
  pinFile: TEXT,
  id: TEXT,
} satisfies PropertyNames<AwsCloudProps>;
