import type { Host, Site } from "../clouds/cloud";
import { type AddressBlock, type AddressChoice, claimAddresses, hostAddresses } from "../model/addresses";
import { parseCidr } from "../model/cidr";
import { defaultHostTemplate, expandHostTemplate, hostNameClashes, hostTemplateProblems } from "../model/host-names";
import { gresTypeProblems, type MachineChoice, type MachineShape, type VendorMachine } from "../model/machine";
import type { ManifestPool } from "../model/manifest";
import { featureProblems, poolNameProblems } from "../model/names";
import type { Problem } from "../model/problems";
import type { Size } from "../units";
import { chooseMachine, rootDiskProblems } from "./machine-choice";
import {
  type PartitionClaim,
  type PartitionOptions,
  partitionClaim,
  partitionConflicts,
  partitionProblems,
} from "./partitions";

/** The most machines of one pool: what one `for_each`, one Slurm partition and a subnet still take well. */
const MOST_NODES = 10_000;

/** What a user asked for, with all defaults in it but those that the cloud has. */
export interface PoolOptions {
  readonly name: string;
  readonly nodes: number;
  readonly machine?: MachineChoice | undefined;
  readonly hostnames?: string;
  readonly addresses?: AddressChoice;
  readonly partition?: string | PartitionOptions;
  readonly features: readonly string[];
  readonly weight?: number;
  readonly rootDisk: Size;
  readonly image?: string | undefined;
  /** Only pools whose GPUs Slurm hands out have it. */
  readonly gpus?: PoolGpus;
}

export interface PoolGpus {
  readonly count?: number;
  readonly type?: string;
}

/** What is there already. */
export interface PoolSurroundings {
  readonly master: Host;
  readonly site: Site;
  /** In the order of their declaration. */
  readonly pools: readonly PoolPlan[];
}

/** A pool that can be built. */
export interface PoolPlan {
  readonly name: string;
  readonly site: Site;
  readonly hosts: readonly Host[];
  readonly block: AddressBlock;
  readonly machine: string | VendorMachine;
  readonly shape: MachineShape;
  readonly rootDisk: Size;
  readonly partition: PartitionClaim;
  readonly features: readonly string[];
  readonly weight?: number;
  readonly gres: ManifestPool["gres"];
}

export interface PoolAnswer {
  /** Absent when there is a problem. */
  readonly plan?: PoolPlan;
  readonly problems: readonly Problem[];
}

/** Everything about a pool that can be known before Terraform runs, or everything that is wrong with it. */
export function planPool(options: PoolOptions, around: PoolSurroundings): PoolAnswer {
  const { name, partition, features, weight, rootDisk, gpus } = options;
  const named = poolNameProblems(name, "id");
  const { site } = around;
  const counted = nodesProblems(options.nodes);
  // One node, where the number is unusable, finds what would be wrong with any number.
  const nodes = counted.length === 0 ? options.nodes : 1;
  const namesake = around.pools.some((pool) => pool.name === name);
  const others = namesake ? [] : around.pools;

  const claim = partitionClaim(name, gpus !== undefined, partition ?? name);
  const {
    machine,
    shape,
    problems: machineProblems,
  } = chooseMachine(options.machine, site.cloud, { role: "compute", gpus: gpus !== undefined, image: options.image });
  const names =
    named.length > 0 && options.hostnames === undefined
      ? NOTHING
      : planHostnames(options, nodes, around.master, others);
  const addresses = planAddresses(options, nodes, { ...around, pools: others });

  const problems: readonly Problem[] = [
    ...named,
    ...(namesake ? [{ at: "id", got: name, want: "a name that no other pool of the cluster has" }] : []),
    ...counted,
    ...machineProblems,
    ...gpuProblems(gpus, shape),
    ...names.problems,
    ...addresses.problems,
    ...(partition === undefined ? [] : partitionProblems(partition)),
    ...partitionConflicts(
      claim,
      others.map((pool) => pool.partition),
    ),
    ...featureProblems(features),
    ...weightProblems(weight),
    ...rootDiskProblems(rootDisk),
  ];
  const { block } = addresses;
  if (problems.length > 0 || machine === undefined || shape === undefined || block === undefined) return { problems };

  const hostAddress = hostAddresses(block);
  const hosts = names.hosts.map((host, k) => ({ name: host, address: hostAddress[k] ?? "" }));
  const plan = { name, site, hosts, block, machine, rootDisk, partition: claim, features, weight };
  return { plan: { ...plan, shape, gres: gresOf(gpus, shape) }, problems };
}

function nodesProblems(nodes: unknown): readonly Problem[] {
  const want = `a whole number from 1 to ${MOST_NODES}`;
  if (typeof nodes === "object" && nodes !== null && ("min" in nodes || "max" in nodes)) {
    return [{ at: "nodes", got: nodes, want, hint: "elastic pools, { min, max }, come later" }];
  }
  if (typeof nodes === "number" && Number.isInteger(nodes) && nodes >= 1 && nodes <= MOST_NODES) return [];
  // cdktf encodes a value that only Terraform knows as a number far below zero, or as text with ${ in it.
  if ((typeof nodes === "number" && nodes < -1e100) || (typeof nodes === "string" && nodes.includes("${"))) {
    return [
      { at: "nodes", got: "a value that is known only to Terraform", want: `${want} when the stack is synthesized` },
    ];
  }
  return [{ at: "nodes", got: nodes, want }];
}

interface HostnamesAnswer {
  readonly hosts: readonly string[];
  readonly problems: readonly Problem[];
}

/** A wrong pool name is told once, not again as a wrong default of its host names. */
const NOTHING: HostnamesAnswer = { hosts: [], problems: [] };

function planHostnames(
  { name, hostnames = defaultHostTemplate(name) }: PoolOptions,
  nodes: number,
  master: Host,
  others: readonly PoolPlan[],
): HostnamesAnswer {
  const wrong = hostTemplateProblems(hostnames, nodes, "hostnames");
  if (wrong.length > 0) return { hosts: [], problems: wrong };
  const hosts = expandHostTemplate(hostnames, nodes);
  const problems = hostNameClashes(
    [
      { owner: "the master", hosts: [master.name] },
      ...others.map((pool) => ({ owner: `pool "${pool.name}"`, hosts: pool.hosts.map((host) => host.name) })),
      { owner: JSON.stringify(hostnames), hosts },
    ],
    "hostnames",
  );
  return { hosts, problems };
}

function planAddresses({ name, addresses }: PoolOptions, nodes: number, { master, site, pools }: PoolSurroundings) {
  const { cidr: whole, poolCidr = whole } = site;
  const cidr = parseCidr(poolCidr);
  if (cidr === undefined)
    throw new Error(`bug in the cloud "${site.cloud.id}": ${JSON.stringify(poolCidr)} is not a subnet`);
  const taken = pools.map((pool) => ({ owner: `pool "${pool.name}"`, ranges: pool.block.owned }));
  const claim = { pool: name, nodes, addresses, required: site.addressesRequired };
  return claimAddresses(claim, { cidr, reserved: site.reserved, masterAddress: master.address, taken });
}

function gpuProblems(gpus: PoolGpus | undefined, shape: MachineShape | undefined): readonly Problem[] {
  if (gpus === undefined || shape?.gpus === undefined) return [];
  const problems: Problem[] = [];
  const most = shape.gpus.count;
  const { count = most, type } = gpus;
  if (!Number.isInteger(count) || count < 1 || count > most) {
    problems.push({ at: "gpus.count", got: count, want: `a whole number from 1 to ${most}, which the machine has` });
  }
  return type === undefined ? problems : [...problems, ...gresTypeProblems(type, "gpus.type")];
}

function gresOf(gpus: PoolGpus | undefined, shape: MachineShape): ManifestPool["gres"] {
  if (gpus === undefined || shape.gpus === undefined) return [];
  const { count = shape.gpus.count, type = shape.gpus.type } = gpus;
  return [{ name: "gpu", type, count, files: count === 1 ? "/dev/nvidia0" : `/dev/nvidia[0-${count - 1}]` }];
}

/** Slurm keeps a weight in 32 bits. */
function weightProblems(weight: number | undefined): readonly Problem[] {
  if (weight === undefined || (Number.isInteger(weight) && weight >= 1 && weight <= 4_294_967_280)) return [];
  return [{ at: "weight", got: weight, want: "a whole number from 1 to 4294967280" }];
}
