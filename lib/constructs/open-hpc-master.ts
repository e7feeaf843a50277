import { Construct, type IConstruct } from "constructs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, Disk, Host, MachineGroup, Site } from "../clouds/cloud";
import type { ClusterSpec } from "../model/cluster-spec";
import { clusterNameProblems, hostNameProblems } from "../model/names";
import { portsBetween } from "../model/ports";
import { ConfigurationError, type Problem } from "../model/problems";
import { readProperties } from "../model/properties";
import { MANIFEST_OUTPUT, SOURCES_FILE, SPEC_FILE } from "../model/schema-numbers";
import { limitsProblems } from "../slurm/limits";
import { settingsProblems } from "../slurm/owned-settings";
import { Size } from "../units";
import { addCustomSynthesis, cdktf } from "./cdktf";
import { type DeclaredCluster, manifestOf, clusterSpecText } from "./cluster-documents";
import { chooseMachine, rootDiskProblems } from "./machine-choice";
import { addressProblems, defaultAddress } from "./master-address";
import { MASTER_NAMES, type OpenHpcMasterProps } from "./master-props";
import type { NfsDisk } from "./nfs-disk";
import { ownId } from "./own-id";
import { makeOwner } from "./owner";
import type { PoolPlan } from "./pool-plan";
import { relativeStatePath } from "./state-path";

const MASTER = Symbol.for("cdktf-openhpc/OpenHpcMaster");
const SMALLEST_STATE = Size.gibibytes(8);
const STATE_PATH = "/srv/ohpc/state";
const BUNDLE_PATH = "/srv/ohpc/bundle";

/**
 * The head of a Slurm cluster: controller, accounting, file server, and the one machine that people log in to.
 *
 * One per stack, and its pools in the same stack. What exists of the cluster is the stack's output `cluster`; what is
 * wanted of it lies in `cluster.json` beside the synthesized Terraform. `ohpc configure` reads both.
 */
export class OpenHpcMaster<M extends MachineGroup = MachineGroup> extends Construct {
  static isMaster(construct: IConstruct): construct is OpenHpcMaster {
    return MASTER in construct;
  }

  readonly clusterName: string;
  readonly cloud: Cloud<M>;
  readonly host: Host;
  readonly site: Site;
  /** The vendor's own resources. */
  readonly machine: M;
  readonly disks: { readonly state: Disk; readonly bundle: Disk; readonly home?: Disk };
  /** @internal Absent when no users were given. */
  readonly users: ClusterSpec["users"] | undefined;
  private readonly sources: Readonly<Record<string, string>>;
  private readonly plans: PoolPlan[] = [];

  /** @throws ConfigurationError naming everything that is wrong with it */
  constructor(scope: Construct, id: string, props: OpenHpcMasterProps<M>) {
    super(scope, ownId(scope, id, "OpenHpcMaster"));
    Object.defineProperty(this, MASTER, { value: true });
    const stack = cdktf().TerraformStack.of(this);
    const given = readProperties(props, MASTER_NAMES);
    if (!given.complete) throw new ConfigurationError(this.title, given.problems);
    const { cloud, hostname = "master", clusterName = stack.node.id, machine } = given.usable;
    const { rootDisk = Size.gibibytes(40), stateDisk = {}, home, image, users, slurm = {}, address } = given.usable;
    const { size: stateSize = Size.gibibytes(16), existing } = stateDisk;

    const wrongCloud = cloud.problems();
    const owner = makeOwner(this, clusterName);
    const network = {
      cluster: clusterName,
      owner,
      hosts: () => [hostname, ...this.pools.flatMap((pool) => pool.hosts.map(({ name }) => name))],
    };
    const site = wrongCloud.length > 0 ? undefined : cloud.network(this, "network", network);
    const chosen = chooseMachine(machine, cloud, { role: "master", gpus: false, image });
    const problems: readonly Problem[] = [
      ...given.problems,
      ...this.placeProblems(home),
      ...clusterNameProblems(clusterName),
      ...wrongCloud,
      ...hostNameProblems(hostname, "hostname"),
      ...chosen.problems,
      ...(site === undefined ? [] : addressProblems(address, site)),
      ...rootDiskProblems(rootDisk),
      ...stateSizeProblems(stateSize),
      ...settingsProblems(slurm.settings ?? {}),
      ...limitsProblems(slurm),
      ...(users?.answer.problems ?? []),
    ];
    if (problems.length > 0 || site === undefined || chosen.machine === undefined || chosen.shape === undefined) {
      throw new ConfigurationError(this.title, problems);
    }

    this.clusterName = clusterName;
    this.cloud = cloud;
    this.site = site;
    this.users = users?.answer.users;
    this.sources = users?.sources ?? {};
    this.host = { name: hostname, address: address ?? defaultAddress(site) ?? "" };
    home?.use();
    this.disks = {
      state: cloud.disk(this, "state", { site, purpose: "state", path: STATE_PATH, size: stateSize, existing }),
      bundle: cloud.disk(this, "bundle", { site, purpose: "bundle", path: BUNDLE_PATH }),
      home:
        home &&
        cloud.disk(home, "disk", { site, purpose: "home", path: home.path, size: home.size, existing: home.existing }),
    };
    const { state, bundle } = this.disks;
    this.machine = cloud.machines(this, "machine", {
      site,
      role: "master",
      group: "master",
      hosts: [this.host],
      machine: chosen.machine,
      shape: chosen.shape,
      rootDisk,
      image,
      disks: [state, bundle, ...(this.disks.home === undefined ? [] : [this.disks.home])],
      boot: { cluster: clusterName, role: "master", master: this.host, bundle: bundle.manifest },
    });
    cloud.rules(this, "from-operator", {
      site,
      from: "operator",
      to: "master",
      ports: portsBetween("operator", "master"),
    });

    const { shape } = chosen;
    this.writeDocuments(() => ({
      name: clusterName,
      owner,
      master: this.host,
      site,
      shape,
      access: this.machine.access(),
      disks: this.disks,
      pools: this.pools,
      users: this.users ?? { groups: [], users: [] },
      slurm,
    }));
  }

  /** @internal What is known of the pools, in the order of their declaration. */
  get pools(): readonly PoolPlan[] {
    return this.plans;
  }

  /** @internal Called by the pool. */
  add(pool: PoolPlan): void {
    this.plans.push(pool);
  }

  private get title(): string {
    return `OpenHpcMaster "${this.node.path}"`;
  }

  private writeDocuments(declared: () => DeclaredCluster): void {
    const { Lazy, TerraformOutput, TerraformStack } = cdktf();
    const stack = TerraformStack.of(this);
    new TerraformOutput(this, MANIFEST_OUTPUT, {
      staticId: true,
      description: `What exists of the cluster ${this.clusterName}; read by ohpc`,
      value: Lazy.anyValue({ produce: () => manifestOf(declared()) }),
    });
    addCustomSynthesis(this, {
      onSynthesize: ({ outdir, manifest }) => {
        const folder = join(outdir, manifest.forStack(stack).workingDirectory);
        writeFileSync(join(folder, SPEC_FILE), clusterSpecText(declared()));
        writeFileSync(join(folder, SOURCES_FILE), `${JSON.stringify(this.sources, undefined, 2)}\n`);
        relativeStatePath(stack, folder);
      },
    });
    this.node.addValidation({
      validate: () =>
        this.plans.length > 0
          ? []
          : [`OpenHpcMaster "${this.node.path}" has no pool: give it to a ComputePool as master`],
    });
  }

  private placeProblems(home: NfsDisk | undefined): readonly Problem[] {
    const { TerraformStack } = cdktf();
    const stack = TerraformStack.of(this);
    const problems: Problem[] = [];
    const other = stack.node.findAll().find((construct) => construct !== this && OpenHpcMaster.isMaster(construct));
    if (other !== undefined) {
      const hint = "put each cluster into a stack of its own";
      problems.push({
        at: "id",
        got: this.node.id,
        want: `the only master of the stack, which has "${other.node.id}"`,
        hint,
      });
    }
    if (home !== undefined && TerraformStack.of(home) !== stack) {
      problems.push({ at: "home", got: home.node.path, want: `a disk in the master's own stack, "${stack.node.id}"` });
    }
    return problems;
  }
}

function stateSizeProblems(size: Size): readonly Problem[] {
  if (!size.isLessThan(SMALLEST_STATE)) return [];
  return [{ at: "stateDisk.size", got: size.toString(), want: `at least ${SMALLEST_STATE.toString()}` }];
}
