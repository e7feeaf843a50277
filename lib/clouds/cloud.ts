import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { Boot } from "../model/boot";
import type { MachineShape, NeutralSize, VendorMachine } from "../model/machine";
import type { CloudFacts, ManifestDisk, ManifestMaster } from "../model/manifest";
import type { PortRule } from "../model/ports";
import type { Problem } from "../model/problems";
import type { Size } from "../units";

/**
 * The whole of what a vendor provides.
 *
 * A cloud is a strategy without memory: one spec in, one handle out, nothing kept between calls.
 * What a later call needs of an earlier one travels in the handle (`Site`, `Disk`).
 * `M` is the vendor's own machine group, so that its resources stay reachable and typed.
 */
export interface Cloud<M extends MachineGroup = MachineGroup> {
  /** Names the site in the manifest and the alias of the provider, e.g. `local`, `tokyo`. */
  readonly id: string;
  /** `local`, `aws`, `azure`: the key in a `MachineChoice`. */
  readonly kind: string;
  /** The only things in which rendered files may differ between clouds. */
  readonly facts: CloudFacts;
  /** The neutral sizes that it sells; none where machines are what they are, because they were there before. */
  readonly sizes: readonly NeutralSize[];
  /** Host names stand for machines of this size unless the user chose one; absent: the user has to. */
  readonly defaultMachine?: string;
  /** What may be said as `machine`, as it follows "must be" in a message: `one of small, …, or LocalMachine.of({ … })`. */
  readonly machineWords: string;

  /** The network of a cluster, made or taken by reference. */
  network(scope: Construct, id: string, spec: NetworkSpec): Site;
  /** Equal machines with fixed addresses: resources with `for_each` by host name, never one construct per machine. */
  machines(scope: Construct, id: string, spec: MachinesSpec): M;
  disk(scope: Construct, id: string, spec: DiskSpec): Disk;
  /** Lets traffic through; made under the pool, so that the master need not know its pools. */
  rules(scope: Construct, id: string, spec: RulesSpec): void;
  /** What a machine has, and what is wrong with asking for it: of what is no machine here, `machineWords` says what would be. Pure; loads no provider. */
  shapeOf(machine: string | VendorMachine, wanted: WantedMachine): ShapeAnswer;
  /** What is wrong with the cloud's own properties, checked once by the master. Pure. */
  problems(): readonly Problem[];
}

export interface NetworkSpec {
  /** Slurm's ClusterName; labels everything. */
  readonly cluster: string;
  /** The mark of the Terraform state that makes the cluster: known when it is applied, the same as long as the state is. */
  readonly owner: string;
  /** Every host of the site, asked for when the stack is synthesized. */
  readonly hosts: () => readonly string[];
}

/** Where machines are. Every later spec carries it. */
export interface Site {
  readonly name: string;
  readonly cloud: Cloud;
  readonly cluster: string;
  /** Every machine has its address in here. A literal, never a token. */
  readonly cidr: string;
  /** The part of `cidr` that the master's address comes from; absent: all of it. */
  readonly masterCidr?: string;
  /** The part of `cidr` that addresses of pools come from; absent: all of it. */
  readonly poolCidr?: string;
  /** Addresses in it that the platform keeps for itself, beyond network and broadcast address. */
  readonly reserved: readonly string[];
  /** Whether pools must say their `addresses` (networks that were there before us). */
  readonly addressesRequired: boolean;
  /**
   * `ssh`: its machines were there before us, so `ohpc` tells them over SSH how to find their cluster. Absent: the cloud
   * hands them `MachinesSpec.boot` at their first boot. Goes into the manifest.
   */
  readonly introducedOver?: "ssh";
  /** What the vendor's API needs to find the machines again, e.g. `{ region: "us-east-1" }`; goes into the manifest. */
  readonly place?: Readonly<Record<string, string>>;
  /** The cloud's own resources. */
  readonly handle: unknown;
  readonly dependsOn: readonly ITerraformDependable[];
}

export interface Host {
  readonly name: string;
  readonly address: string;
}

export interface MachinesSpec {
  readonly site: Site;
  readonly role: "master" | "compute";
  /** `master`, or the pool's name. */
  readonly group: string;
  readonly hosts: readonly Host[];
  readonly machine: string | VendorMachine;
  readonly shape: MachineShape;
  readonly rootDisk: Size;
  /** The vendor's name of an image; absent: the cloud's own default. */
  readonly image?: string;
  /** What to attach or mount: for the master every disk, for compute nodes the shared ones. */
  readonly disks: readonly Disk[];
  /** Reaches the machine as environment or user-data, unless its site says that it is introduced otherwise. */
  readonly boot: Boot;
}

export type { Boot };

/** Machines that were made. */
export interface MachineGroup {
  readonly dependsOn: readonly ITerraformDependable[];
  /** The operator's way in; asked of the master only. May hold tokens. */
  access(): ManifestMaster["access"];
}

export type DiskPurpose = "state" | "bundle" | "home";

export interface DiskSpec {
  readonly site: Site;
  readonly purpose: DiskPurpose;
  /** Absent for `bundle`, which is small. */
  readonly size?: Size;
  /** Where it is to be mounted. */
  readonly path: string;
  /** The vendor's id of a disk that exists already. */
  readonly existing?: string;
}

export interface Disk {
  readonly purpose: DiskPurpose;
  /** What the steps need to know of it; may hold tokens. */
  readonly manifest: ManifestDisk;
  /** The cloud's own resources. */
  readonly handle: unknown;
  readonly dependsOn: readonly ITerraformDependable[];
}

export interface RulesSpec {
  readonly site: Site;
  /** `operator`, `master`, a pool's name, or `compute` for the nodes of all pools. */
  readonly from: string;
  readonly to: string;
  readonly ports: readonly PortRule[];
}

export interface WantedMachine {
  readonly role: "master" | "compute";
  readonly gpus: boolean;
  /** As in `MachinesSpec`. */
  readonly image?: string | undefined;
}

export interface ShapeAnswer {
  /** Absent when the vendor sells no such machine; then `problems` says why. */
  readonly shape?: MachineShape;
  /** Their `at` is relative to the machine: `machine`, `image`. */
  readonly problems: readonly Problem[];
}
