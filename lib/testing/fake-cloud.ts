import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type {
  Boot,
  Cloud,
  Disk,
  DiskSpec,
  MachineGroup,
  MachinesSpec,
  NetworkSpec,
  RulesSpec,
  ShapeAnswer,
  Site,
} from "../clouds/cloud";
import { TerraformData } from "../clouds/terraform-data";
import { cidrProblems } from "../model/cidr";
import {
  type MachineShape,
  NEUTRAL_SIZES,
  type NeutralSize,
  shapeProblems,
  type VendorMachine,
  SHAPE_NAMES,
} from "../model/machine";
import type { CloudFacts, ManifestDisk, ManifestMaster } from "../model/manifest";
import { didYouMean, type Problem, refuse } from "../model/problems";
import { FLAG, oneOf, type PropertyNames, readProperties, TEXT, TEXTS } from "../model/properties";
import { Size } from "../units";

export interface FakeCloudProps {
  /**
   * Names the site.
   *
   * @default "fake"
   * @onChange replaces the cluster
   */
  readonly id?: string;

  /**
   * The subnet that machines have their addresses in.
   *
   * @default "10.77.0.0/16"
   * @onChange replaces the cluster
   */
  readonly cidr?: string;

  /**
   * Addresses that the platform keeps for itself.
   *
   * @default - none
   * @onChange nothing; machines that have one of them are refused
   */
  readonly reserved?: readonly string[];

  /**
   * Whether pools must say their `addresses`, as in a network that was there before.
   *
   * @default false
   * @onChange nothing
   */
  readonly addressesRequired?: boolean;

  /**
   * Whether it sells machines by size and by name. One that does not takes only `FakeMachine.of({ … })`, as a cloud does
   * whose machines were there before.
   *
   * @default true
   * @onChange nothing; machines that it does not take are refused
   */
  readonly sizes?: boolean;

  /**
   * `ssh`: machines were there before, and are told over SSH how to find their cluster.
   *
   * @default - they know it from their first boot
   * @onChange live: the next `ohpc up` or `ohpc configure` tells them so
   */
  readonly introducedOver?: "ssh";
}

export const FAKE_CLOUD_NAMES = {
  id: TEXT,
  cidr: TEXT,
  reserved: TEXTS,
  addressesRequired: FLAG,
  sizes: FLAG,
  introducedOver: oneOf("ssh"),
} satisfies PropertyNames<FakeCloudProps>;

/** A machine that has what you say, and of the rest what `small` has. */
export class FakeMachine implements VendorMachine {
  readonly cloud = "fake";
  readonly type = "what you say";

  static of(has: Partial<MachineShape>): FakeMachine {
    const all = { ...shape(2, 4), ...has };
    const { problems } = readProperties(all, SHAPE_NAMES);
    refuse("FakeMachine", problems.length > 0 ? problems : shapeProblems(all, "shape"));
    return new FakeMachine(all);
  }

  private constructor(readonly shape: MachineShape) {}
}

/** What the fake vendor sells: the four sizes, and one type with a name of its own. */
const CATALOGUE: Readonly<Record<string, MachineShape>> = {
  small: shape(2, 4),
  medium: shape(4, 16),
  large: shape(16, 64),
  gpu: { ...shape(8, 32), gpus: { count: 2, type: "fake" } },
  "fake.huge": { ...shape(64, 512), sockets: 2, coresPerSocket: 32, threadsPerCore: 2 },
};

const SOLD = Object.keys(CATALOGUE);

/**
 * A cloud that makes nothing but `terraform_data`, whose inputs are the specs it was given.
 * For testing stacks: they synthesize, and even apply, without a vendor.
 */
export class FakeCloud implements Cloud<FakeMachines> {
  readonly kind = "fake";
  readonly id: string;
  readonly sizes: readonly NeutralSize[];
  readonly defaultMachine?: string;
  readonly machineWords: string;
  readonly facts: CloudFacts = { slurmdTimeout: 300, cgroups: true, configOverrides: false };

  private readonly props: FakeCloudProps;
  private readonly wrong: readonly Problem[];

  constructor(props: FakeCloudProps = {}) {
    const { problems, usable } = readProperties(props, FAKE_CLOUD_NAMES);
    this.props = usable;
    this.wrong = problems;
    const { id = "fake", sizes = true } = usable;
    this.id = id;
    this.sizes = sizes ? NEUTRAL_SIZES : [];
    if (sizes) this.defaultMachine = "small";
    this.machineWords = sizes ? `one of ${SOLD.join(", ")}` : "FakeMachine.of({ … }), which says what the machine has";
  }

  network(scope: Construct, id: string, { cluster }: NetworkSpec): Site {
    const { cidr = "10.77.0.0/16", reserved = [], addressesRequired = false, introducedOver } = this.props;
    const network = new TerraformData(scope, id, { input: { cluster, cidr } });
    return {
      name: this.id,
      cloud: this,
      cluster,
      cidr,
      reserved,
      addressesRequired,
      introducedOver,
      handle: network,
      dependsOn: [network],
    };
  }

  machines(scope: Construct, id: string, spec: MachinesSpec): FakeMachines {
    return new FakeMachines(scope, id, spec);
  }

  disk(scope: Construct, id: string, { site, purpose, size, path, existing }: DiskSpec): Disk {
    if (purpose === "bundle")
      return { purpose, manifest: { kind: "directory", path }, handle: undefined, dependsOn: [] };
    if (existing !== undefined) {
      return { purpose, manifest: { kind: "block", device: existing, path }, handle: undefined, dependsOn: [] };
    }
    const volume = new TerraformData(scope, id, {
      input: { cluster: site.cluster, purpose, gibibytes: size?.toGibibytes() },
      dependsOn: [...site.dependsOn],
    });
    const device = `/dev/disk/by-id/fake-${volume.getStringAttribute("id")}`;
    return { purpose, manifest: { kind: "block", device, path }, handle: volume, dependsOn: [volume] };
  }

  rules(scope: Construct, id: string, { site, from, to, ports }: RulesSpec): void {
    const open = ports.map((rule) => `${rule.protocol} ${rule.from}-${rule.to}`);
    new TerraformData(scope, id, { input: { from, to, open }, dependsOn: [...site.dependsOn] });
  }

  shapeOf(machine: string | VendorMachine): ShapeAnswer {
    if (typeof machine !== "string" && machine.cloud !== this.kind) {
      const want = `a machine of the fake cloud; ${JSON.stringify(machine.type)} is one of ${machine.cloud}`;
      return { problems: [{ at: "machine", got: machine.type, want }] };
    }
    if (machine instanceof FakeMachine) return { shape: machine.shape, problems: [] };
    const type = typeof machine === "string" ? machine : machine.type;
    const sold = this.sizes.length > 0 ? SOLD : [];
    const found = sold.includes(type) ? CATALOGUE[type] : undefined;
    if (found !== undefined) return { shape: found, problems: [] };
    return { problems: [{ at: "machine", got: type, want: this.machineWords, hint: didYouMean(type, sold) }] };
  }

  problems(): readonly Problem[] {
    const { cidr } = this.props;
    return [...this.wrong, ...(cidr === undefined ? [] : cidrProblems("cidr", cidr))];
  }
}

/** Network interfaces with fixed addresses, and instances: two resources, however many machines there are. */
export class FakeMachines implements MachineGroup {
  readonly interfaces: TerraformData;
  readonly instances: TerraformData;
  private readonly first: string;

  constructor(scope: Construct, id: string, spec: MachinesSpec) {
    const { site, hosts, group, role, machine, shape, rootDisk, image, disks, boot } = spec;
    const forEach = Object.fromEntries(hosts.map(({ name, address }) => [name, { address }]));
    this.first = hosts[0]?.address ?? "";
    this.interfaces = new TerraformData(scope, `${id}-interfaces`, {
      forEach,
      input: { address: "${each.value.address}", group },
      dependsOn: [...site.dependsOn],
    });
    this.instances = new TerraformData(scope, `${id}-instances`, {
      forEach,
      input: {
        cluster: site.cluster,
        role,
        host: "${each.key}",
        address: "${each.value.address}",
        type: typeof machine === "string" ? machine : machine.type,
        gpus: shape.gpus?.count ?? 0,
        rootGibibytes: rootDisk.toGibibytes(),
        image: image ?? "the vendor's own",
        disks: disks.map(({ purpose, manifest }) => `${purpose} ${describeDisk(manifest)}`),
        boot: describeBoot(boot),
      },
      dependsOn: [this.interfaces, ...disks.flatMap((disk) => disk.dependsOn)],
    });
  }

  get dependsOn(): readonly ITerraformDependable[] {
    return [this.instances];
  }

  access(): ManifestMaster["access"] {
    return { host: this.first, port: 22, user: "root", identity: "agent" };
  }
}

function shape(cores: number, gibibytes: number): MachineShape {
  const memory = Size.gibibytes(gibibytes);
  return { sockets: 1, coresPerSocket: cores, threadsPerCore: 1, memory, architecture: "x86_64" };
}

function describeBoot({ cluster, role, master, bundle }: Boot): string {
  return `${role} of ${cluster}, master ${master.name} at ${master.address}, bundle ${describeDisk(bundle)}`;
}

function describeDisk(disk: ManifestDisk): string {
  switch (disk.kind) {
    case "block":
      return `${disk.device} on ${disk.path}`;
    case "nfs":
      return `${disk.server}:${disk.export} on ${disk.path}`;
    case "mounted":
      return `mounted on ${disk.path}`;
    case "directory":
      return `directory ${disk.path}`;
  }
}
