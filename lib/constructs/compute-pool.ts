import { Construct } from "constructs";
import type { Boot, Cloud, Host, MachineGroup } from "../clouds/cloud";
import type { AddressChoice } from "../model/addresses";
import { asNodesSeeIt } from "../model/boot";
import type { MachineChoice, VendorMachine } from "../model/machine";
import { portsBetween } from "../model/ports";
import { ConfigurationError, didYouMean, type Problem } from "../model/problems";
import {
  type Bag,
  bag,
  either,
  needed,
  type PropertyNames,
  readProperties,
  SIZE,
  TEXT,
  TEXTS,
} from "../model/properties";
import { Size } from "../units";
import { cdktf } from "./cdktf";
import { constructWith } from "./construct-kind";
import { CLOUD, MACHINE } from "./machine-choice";
import type { OpenHpcMaster } from "./open-hpc-master";
import { ownId } from "./own-id";
import { PARTITION_NAMES, type PartitionOptions } from "./partitions";
import { type PoolGpus, type PoolPlan, planPool } from "./pool-plan";

export interface ComputePoolOptions {
  /**
   * How many machines: a number from 1 to 10000 that is known when the stack is synthesized.
   *
   * @onChange reconfigures Slurm; adds machines behind the last, or removes the last ones: `ohpc` names their jobs and asks; no
   * other is touched
   */
  readonly nodes: number;

  /**
   * A size (`small`, `medium`, `large`, `gpu`) where the cloud sells sizes, a vendor's name or value of a machine, or one
   * of those per kind of cloud.
   *
   * @default - the cloud's own choice; "gpu" for a GpuComputePool. A cloud whose machines were there before has no choice
   * @onChange restarts every machine of the pool on AWS and Azure, as the new size (AWS replaces it for another architecture):
   * `ohpc` drains them, names their jobs and asks. Local machines go on, and are replaced for another number of GPUs; where
   * sockets or cores change, jobs there end or go back into the queue, about which `ohpc` asks, too
   */
  readonly machine?: MachineChoice;

  /**
   * Names of the hosts: text that ends with a place for the number, which begins at 1: `c{}`, `c{:02}`.
   *
   * @default - the pool's name, a hyphen and the number: `cpu-1`
   * @onChange replaces every machine of the pool
   */
  readonly hostnames?: string;

  /**
   * The pool's part of the subnet: `10.77.33.0/24` (host k has address k of it), a range `10.77.33.5-10.77.33.9`,
   * or a list of addresses and ranges in the order of the hosts.
   *
   * @default - a block that the pool's name alone chooses, so that no other pool moves it
   * @onChange replaces every machine of the pool; on Azure changes its interfaces in place, which has not been tried
   */
  readonly addresses?: AddressChoice;

  /**
   * How jobs get at the nodes: the name of a partition, or a name with settings. Pools may share a partition.
   *
   * @default - a partition of the pool's name. Jobs that name none go to the first declared pool that is not a GPU pool
   * (to the first pool, if all are), unless a partition says `default: true`
   * @onChange reconfigures Slurm; jobs of a partition that goes are cancelled: `ohpc` names them and asks
   */
  readonly partition?: string | PartitionOptions;

  /**
   * What jobs may ask for with `--constraint`.
   *
   * @default - none
   * @onChange reconfigures Slurm; jobs that run go on
   */
  readonly features?: readonly string[];

  /**
   * Slurm fills nodes of lower weight first.
   *
   * @default - Slurm's own: 1
   * @onChange reconfigures Slurm; jobs that run go on
   */
  readonly weight?: number;

  /**
   * The disk of the operating system: at least 20 GiB.
   *
   * @default Size.gibibytes(40)
   * @onChange restarts the machines on Azure, with their jobs, about which `ohpc` asks; elsewhere live. It grows: a smaller size is refused by the
   * cloud. Local machines have none
   */
  readonly rootDisk?: Size;

  /**
   * The vendor's name of an image; `debian-13`, on every cloud, is a stock Debian, which gets all software when the cluster is configured.
   *
   * @default - the cloud's own
   * @onChange replaces every machine of the pool on local clusters; elsewhere nothing before that is done on purpose
   */
  readonly image?: string;

  /**
   * The master's own cloud, said once more: another one is refused.
   *
   * @default - the master's cloud
   * @onChange nothing
   */
  readonly cloud?: Cloud;
}

export interface ComputePoolProps<M extends MachineGroup = MachineGroup> extends ComputePoolOptions {
  /** @onChange replaces the machines: the pool moves to another cluster, which is another stack */
  readonly master: OpenHpcMaster<M>;
}

/** What only pools have whose GPUs Slurm hands out. */
interface GpuNames {
  readonly gpus: Bag;
}
interface GpuPoolProps<M extends MachineGroup> extends ComputePoolProps<M> {
  readonly gpus?: PoolGpus;
}

/** What is wrong with `nodes` and `weight`, of whatever kind they are, is told with their limits. */
export const POOL_NAMES = {
  master: needed(constructWith("an OpenHpcMaster", "add")),
  nodes: true,
  machine: MACHINE,
  hostnames: TEXT,
  addresses: either("a subnet, a range, or a list of addresses and ranges", TEXT, TEXTS),
  partition: bag(PARTITION_NAMES, { ...TEXT, want: "the name of a partition" }),
  features: TEXTS,
  weight: true,
  rootDisk: SIZE,
  image: TEXT,
  cloud: CLOUD,
} satisfies PropertyNames<ComputePoolProps, OpenHpcMaster | Cloud | VendorMachine>;

/**
 * Equal machines that are nodes of one Slurm partition. The construct's id is the pool's name.
 *
 * They find the master, configure themselves and register, whenever they boot.
 */
export class ComputePool<M extends MachineGroup = MachineGroup> extends Construct {
  readonly hosts: readonly Host[];
  /** The vendor's own resources. */
  readonly machines: M;

  /**
   * @param more names of what only a GpuComputePool has
   * @throws ConfigurationError naming everything that is wrong with it
   */
  constructor(scope: Construct, id: string, props: ComputePoolProps<M>, more?: GpuNames) {
    const kind = more === undefined ? "ComputePool" : "GpuComputePool";
    super(scope, ownId(scope, id, kind));
    const title = `${kind} "${this.node.path}"`;
    const given = readProperties<GpuPoolProps<M>>(props, { ...POOL_NAMES, ...more });
    if (!given.complete) throw new ConfigurationError(title, given.problems);
    const { master, nodes, machine, hostnames, addresses, partition, features = [], weight } = given.usable;
    const { rootDisk = Size.gibibytes(40), image, cloud = master.cloud } = given.usable;
    const gpus = more === undefined ? undefined : (given.usable.gpus ?? {});
    const options = {
      name: id,
      nodes,
      machine,
      hostnames,
      addresses,
      partition,
      features,
      weight,
      rootDisk,
      image,
      gpus,
    };
    const answer = planPool(options, { master: master.host, site: master.site, pools: master.pools });
    const told = new Set(given.problems.map(({ at }) => at));
    const problems = [
      ...given.problems,
      ...this.placeProblems(master, cloud),
      ...answer.problems.filter(({ at }) => !told.has(at)),
    ];
    if (problems.length > 0 || answer.plan === undefined) {
      throw new ConfigurationError(title, problems);
    }

    const { plan } = answer;
    master.add(plan);
    this.hosts = plan.hosts;
    this.machines = master.cloud.machines(this, "machines", {
      site: plan.site,
      role: "compute",
      group: id,
      hosts: plan.hosts,
      machine: plan.machine,
      shape: plan.shape,
      rootDisk,
      image,
      disks: sharedDisks(master),
      boot: bootOf(master),
    });
    this.openPorts(plan);
    this.warn(plan, master, gpus);
  }

  /** Made here and not by the master, which need not know its pools. `compute` stands for the nodes of all pools. */
  private openPorts({ name, site }: PoolPlan): void {
    const { cloud } = site;
    cloud.rules(this, "to-master", { site, from: name, to: "master", ports: portsBetween("compute", "master") });
    cloud.rules(this, "from-master", { site, from: "master", to: name, ports: portsBetween("master", "compute") });
    cloud.rules(this, "from-compute", { site, from: "compute", to: name, ports: portsBetween("compute", "compute") });
  }

  private placeProblems(master: OpenHpcMaster<M>, cloud: Cloud): readonly Problem[] {
    const { TerraformStack } = cdktf();
    const [own, others] = [TerraformStack.of(this), TerraformStack.of(master)];
    const problems: Problem[] = [];
    if (own !== others) {
      const want = `in the stack of its master, which is "${others.node.id}"`;
      problems.push({ at: "scope", got: own.node.id, want, hint: "a cluster and its pools are one stack" });
    }
    if (cloud.id !== master.cloud.id) {
      const want = `the master's cloud, which is "${master.cloud.id}"`;
      problems.push({ at: "cloud", got: cloud.id, want, hint: "joining sites comes with VirtualRouterVpn" });
    } else if (cloud !== master.cloud) {
      const want = "the very cloud that the master has: what another one says would be ignored";
      problems.push({ at: "cloud", got: `another cloud "${cloud.id}"`, want, hint: "leave it out" });
    }
    return problems;
  }

  private warn({ shape, partition }: PoolPlan, { users }: OpenHpcMaster<M>, gpus: PoolGpus | undefined): void {
    const warnings: string[] = [];
    if (shape.gpus !== undefined && gpus === undefined) {
      warnings.push("Slurm hands out no GPU of these machines; use GpuComputePool if jobs are to have them");
    }
    const groups = users?.groups.map((group) => group.name) ?? [];
    for (const group of users === undefined ? [] : (partition.settings?.allowGroups ?? [])) {
      if (groups.includes(group)) continue;
      const hint = didYouMean(group, groups);
      const message = `allowGroups names ${JSON.stringify(group)}, which is no group of the cluster's users`;
      warnings.push(hint === undefined ? message : `${message}; ${hint}`);
    }
    // Not through Annotations, which would write the paths of this checkout's files beside it.
    for (const warning of warnings) this.node.addMetadata(cdktf().AnnotationMetadataEntryType.WARN, warning);
  }
}

/** The state disk is the master's alone. */
function sharedDisks({ disks: { bundle, home } }: OpenHpcMaster): readonly (typeof bundle)[] {
  return home === undefined ? [bundle] : [bundle, home];
}

function bootOf({ clusterName, host, disks: { bundle } }: OpenHpcMaster): Boot {
  return { cluster: clusterName, role: "compute", master: host, bundle: asNodesSeeIt(bundle.manifest, host) };
}
