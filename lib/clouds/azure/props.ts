import type { Architecture } from "../../model/machine";
import { SSH_SOURCE_NAMES, type SshSource } from "../access";
import { FIRST_BOOT_NAMES, type FirstBoot } from "../user-data";
import { BASTION_NAMES, type BastionReference } from "./bastion";
import { DISK_NAMES, HOME_NAMES, type AzureFilesOptions, type DiskOptions } from "./disk-options";
import { EXISTING_SUBNET_NAMES, type ExistingSubnetOptions } from "./subnets";
import { bag, FLAG, listOf, needed, oneOf, type PropertyNames, TEXT, TEXT_MAP, TEXTS } from "../../model/properties";

export interface AzureCloudProps {
  /**
   * The region, e.g. `westeurope`.
   *
   * @onChange replaces the cluster, with its disks
   */
  readonly location: string;

  /** Who gets in, and how. Nothing is open that is not named here. */
  readonly access: AzureAccess;

  /**
   * The id of the subscription that everything is made in.
   *
   * @default - what the environment variable ARM_SUBSCRIPTION_ID says when Terraform runs
   * @onChange replaces the cluster: another one is made, and this one forgotten
   */
  readonly subscriptionId?: string;

  /**
   * The name of a resource group that is there already.
   *
   * @default - one of its own, `ohpc-<cluster>`
   * @onChange replaces the cluster, with its disks
   */
  readonly resourceGroup?: string;

  /**
   * The availability zone of machines and disks: `"1"`, `"2"` or `"3"`. Premium SSD v2 needs one.
   *
   * @default - none in particular
   * @onChange replaces the cluster, and its disks
   */
  readonly zone?: string;

  /**
   * The address range of the virtual network that is made.
   *
   * @default "10.79.0.0/16"
   * @onChange replaces the cluster, for it is another network: destroy the cluster first
   */
  readonly cidr?: string;

  /**
   * How machines without a public address reach the world: through a NAT gateway (which costs money by the hour), or not
   * at all.
   *
   * @default "gateway"
   * @onChange live
   */
  readonly nat?: "gateway" | "none";

  /**
   * Subnets that are there already. Pools then have to say their `addresses`, the master its `address`.
   *
   * @default - a virtual network of its own
   * @onChange replaces the cluster, for it is another network: destroy the cluster first
   */
  readonly network?: AzureNetworkReference;

  /**
   * Whether the master has a public address, which stays the same when it is stopped and started. In a network of its own
   * it is the way in, and cannot be left away but for a Bastion.
   *
   * @default - true in a network of its own without a Bastion, else false
   * @onChange live
   */
  readonly publicAddress?: boolean;

  /**
   * What the neutral sizes mean: Intel, or Ampere.
   *
   * @default "x86_64"
   * @onChange replaces all machines that have a neutral size
   */
  readonly architecture?: Architecture;

  /**
   * The image of machines that name none: `debian-13`, `PUBLISHER:OFFER:SKU[:VERSION]`, or the id of an image or of one in
   * a gallery. A version that is not named is looked up once, and stays. Pools with GPUs need one with NVIDIA's driver and
   * the cluster's software. `azure-hpc` (Ubuntu) is refused, until the roles converge it.
   *
   * @default "debian-13"
   * @onChange nothing, but for machines that are made from then on
   */
  readonly image?: string;

  /**
   * Images of the marketplace whose terms you have read and accept, as `PUBLISHER:OFFER:SKU`: those with a purchase plan.
   *
   * @default - none
   * @onChange live
   */
  readonly acceptTerms?: readonly string[];

  /**
   * What the state disk and the home disk are made of.
   *
   * @default - Premium SSDs, encrypted, of which a snapshot is left
   */
  readonly disks?: AzureDisks;

  /**
   * What machines do at their first boot beyond what the cluster needs. No secrets: every user of a machine can read it.
   *
   * @default - nothing
   * @onChange nothing, but for machines that are made from then on
   */
  readonly firstBoot?: FirstBoot;

  /**
   * Whether Azure refuses to delete the master and its disks, so that no slip in the portal does. Terraform takes the
   * locks away itself. Whoever applies has to be allowed to make locks.
   *
   * @default true
   * @onChange live
   */
  readonly protect?: boolean;

  /**
   * The id of a user-assigned identity for the master: what root's programs there may do in Azure. Nothing of the cluster
   * needs one.
   *
   * @default - none
   * @onChange live
   */
  readonly identity?: string;

  /**
   * Put on everything that is made, disks too.
   *
   * @default - none but the cluster's own
   * @onChange live
   */
  readonly tags?: Readonly<Record<string, string>>;

  /**
   * Where what was looked up is kept.
   *
   * @default "ohpc.lock.json"
   */
  readonly pinFile?: string;

  /**
   * Names the site in the manifest, and the provider.
   *
   * @default "azure"
   * @onChange replaces the cluster
   */
  readonly id?: string;
}

export interface AzureAccess {
  /**
   * The operator's public key, as in `~/.ssh/id_ed25519.pub`.
   *
   * @onChange nothing, but for machines that are made from then on
   */
  readonly sshPublicKey: string;

  /**
   * The subnets that SSH to the master is open to, each with a reason; or `"bastion"`: nothing is open to the world, and
   * an Azure Bastion carries SSH (the operator needs the `az` program; a Bastion costs money by the hour). Network security
   * groups of your own decide themselves who gets in.
   *
   * @onChange live
   */
  readonly from: readonly SshSource[] | "bastion";
}

export interface AzureNetworkReference extends ExistingSubnetOptions {
  /**
   * Ids of network security groups that are put on the machines and let the cluster's traffic through; or `"subnet"`:
   * those of the subnets decide. What has to be open is in the port matrix.
   *
   * @default - one is made and put on the machines
   * @onChange live
   */
  readonly securityGroups?: { readonly master: string; readonly compute: string } | "subnet";

  /**
   * The Bastion of that network, for `access: { from: "bastion" }`; `cidr` is that of its subnet.
   *
   * @default - none
   * @onChange live
   */
  readonly bastion?: BastionReference & { readonly cidr: string };
}

export interface AzureDisks {
  /** @default - Premium SSD */
  readonly state?: DiskOptions;
  /** Or a share of Azure Files: `{ kind: "azure-files" }`. @default - Premium SSD, exported by the master */
  readonly home?: DiskOptions | AzureFilesOptions;
}

export const DEFAULT_CIDR = "10.79.0.0/16";

const ACCESS_NAMES = {
  sshPublicKey: needed(TEXT),
  from: needed(listOf(SSH_SOURCE_NAMES, oneOf("bastion"))),
} satisfies PropertyNames<AzureAccess>;

const GROUP_NAMES = { master: needed(TEXT), compute: needed(TEXT) } satisfies PropertyNames<
  Exclude<NonNullable<AzureNetworkReference["securityGroups"]>, string>
>;
const NETWORK_NAMES = {
  ...EXISTING_SUBNET_NAMES,
  securityGroups: bag(GROUP_NAMES, oneOf("subnet")),
  bastion: bag({ ...BASTION_NAMES, cidr: needed(TEXT) }),
} satisfies PropertyNames<AzureNetworkReference>;

const DISKS_NAMES = { state: bag(DISK_NAMES), home: bag(HOME_NAMES) } satisfies PropertyNames<AzureDisks>;

export const AZURE_CLOUD_NAMES = {
  location: needed(TEXT),
  access: needed(bag(ACCESS_NAMES)),
  subscriptionId: TEXT,
  resourceGroup: TEXT,
  zone: TEXT,
  cidr: TEXT,
  nat: oneOf("gateway", "none"),
  network: bag(NETWORK_NAMES),
  publicAddress: FLAG,
  architecture: oneOf("x86_64", "arm64"),
  image: TEXT,
  acceptTerms: TEXTS,
  disks: bag(DISKS_NAMES),
  firstBoot: bag(FIRST_BOOT_NAMES),
  protect: FLAG,
  identity: TEXT,
  tags: TEXT_MAP,
  pinFile: TEXT,
  id: TEXT,
} satisfies PropertyNames<AzureCloudProps>;
