import { KeyPair } from "@cdktf/provider-aws/lib/key-pair";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { Construct } from "constructs";
import type { Architecture, NeutralSize, VendorMachine } from "../../model/machine";
import type { CloudFacts } from "../../model/manifest";
import { type Problem, refuse } from "../../model/problems";
import { type Given, readProperties } from "../../model/properties";
import type {
  Cloud,
  Disk,
  DiskSpec,
  MachinesSpec,
  NetworkSpec,
  RulesSpec,
  ShapeAnswer,
  Site,
  WantedMachine,
} from "../cloud";
import { imageUseProblems, warnOfWayOut } from "../image-use";
import { type PinFile, pinsIn } from "../pins";
import { planExisting, reservedAddresses } from "../subnets";
import { awsMachine, machineWords, shapeOf, sizesOf } from "./catalogue";
import { existingDiskProblems, makeDisk } from "./disk";
import { AwsIdentity } from "./identity";
import { imageId } from "./image";
import { DEFAULT_IMAGE, imageChoice, imageProblems, isStock, otherSystem } from "./image-choice";
import { AwsMachines } from "./machines";
import { AwsExistingNetwork, AwsNetwork } from "./network";
import { AWS_CLOUD_NAMES, type AwsCloudProps, DEFAULT_CIDR } from "./props";
import { propsProblems } from "./props-problems";
import { AwsFirewall } from "./rules";
import { AwsSite, siteOf } from "./site";
import { divideNetwork, existingPlan } from "./subnets";
import { AwsTags } from "./tags";
import { awsUserData, userDataProblems } from "./user-data";

/** Clusters on EC2. */
export class AwsCloud implements Cloud<AwsMachines> {
  readonly kind = "aws";
  readonly id: string;
  readonly defaultMachine = "small";
  readonly facts: CloudFacts = { slurmdTimeout: 300, cgroups: true, configOverrides: false, metadata: true };

  private readonly given: Given<AwsCloudProps>;

  constructor(props: AwsCloudProps) {
    this.given = readProperties(props, AWS_CLOUD_NAMES);
    this.id = this.props.id ?? "aws";
  }

  get sizes(): readonly NeutralSize[] {
    return sizesOf(this.architecture);
  }

  get machineWords(): string {
    return machineWords(this.architecture);
  }

  network(scope: Construct, id: string, { cluster }: NetworkSpec): Site {
    const { region, account, network, access, cidr = DEFAULT_CIDR, nat = "gateway", tags: own = {} } = this.props;
    const { zone, pins } = this;
    const provider = new AwsProvider(scope, `${id}-provider`, {
      alias: this.id,
      region,
      allowedAccountIds: account === undefined ? undefined : [account],
    });
    const tags = new AwsTags(cluster, own);
    const existing = network === undefined ? undefined : existingPlan(network, { region, zone, pins }).plan;
    const plan = existing === undefined ? divideNetwork(cidr) : planExisting(existing);
    const subnets =
      existing === undefined
        ? new AwsNetwork(scope, id, { provider, region, zone, plan, nat, tags })
        : new AwsExistingNetwork(scope, id, existing, provider);
    const given = network?.securityGroups;
    const from = access.from === "ssm" ? [] : access.from;
    const firewall =
      given === undefined
        ? new AwsFirewall(scope, `${id}-firewall`, { provider, vpcId: subnets.vpcId, cluster, from, tags })
        : undefined;
    const key = new KeyPair(scope, `${id}-key`, {
      provider,
      keyName: cluster,
      publicKey: access.sshPublicKey.trim(),
      tags: tags.named("operator"),
    });
    const groups = given ?? { master: [firewall?.master.id ?? ""], compute: [firewall?.compute.id ?? ""] };
    return {
      name: this.id,
      cloud: this,
      cluster,
      ...plan,
      reserved: reservedAddresses([plan.masterCidr, plan.poolCidr]),
      addressesRequired: existing !== undefined,
      place: { region },
      handle: new AwsSite({ scope: subnets, provider, region, zone, subnets, firewall, groups, key, tags, pins }),
      dependsOn: subnets.dependsOn,
    };
  }

  machines(scope: Construct, id: string, spec: MachinesSpec): AwsMachines {
    const { site, role, boot, image = this.image, shape } = spec;
    const { region, firstBoot: extra = {}, protect = true } = this.props;
    const machine = awsMachine(spec.machine, this.architecture);
    const choice = imageChoice(image, shape.architecture);
    if (machine === undefined || choice === undefined)
      throw new Error(`bug in AwsCloud: ${JSON.stringify(spec.machine)} was not refused`);
    const userData = awsUserData({ boot, region, sessions: role === "master" && this.way === "ssm", extra });
    refuse(`machines of "${scope.node.path}"`, userDataProblems(userData));
    const identity =
      role === "master" && this.way === "ssm" && this.props.instanceProfile === undefined
        ? this.identity(scope, `${id}-identity`, site)
        : undefined;
    const profile = role === "master" ? (identity?.profile.name ?? this.props.instanceProfile) : undefined;
    const { network, nat } = this.props;
    const wayOut = network === undefined ? nat !== "none" : undefined;
    warnOfWayOut(scope, spec, { image, stock: isStock(image), wayOut });
    return new AwsMachines(scope, id, spec, {
      machine,
      userData,
      profile,
      identity,
      way: this.way,
      publicAddress: this.publicAddress,
      protect,
      imageId: this.imageId(site, image, shape.architecture),
    });
  }

  disk(scope: Construct, id: string, spec: DiskSpec): Disk {
    const { purpose, existing } = spec;
    if (existing !== undefined) refuse(`disk "${scope.node.path}"`, existingDiskProblems(existing, purpose));
    const { disks = {} } = this.props;
    return makeDisk(scope, id, spec, (purpose === "home" ? disks.home : disks.state) ?? {});
  }

  rules(_scope: Construct, _id: string, { site, from, to, ports }: RulesSpec): void {
    const sideOf = (name: string) => (name === "operator" || name === "master" ? name : "compute");
    siteOf(site).firewall?.open(sideOf(from), to === "master" ? "master" : "compute", ports);
  }

  shapeOf(machine: string | VendorMachine, wanted: Pick<WantedMachine, "image" | "gpus">): ShapeAnswer {
    // Where is not known: that is told as the cloud's own problem.
    if (!this.given.complete) return { problems: [] };
    const { image = this.image } = wanted;
    const answer = shapeOf(machine, this.architecture);
    if (answer.shape === undefined) return answer;
    const facts = { image, system: otherSystem(image), stock: isStock(image), ownImage: '"self/NAME-*" or "ami-…"' };
    const problems = [
      ...imageProblems(image, answer.shape.architecture, this.props.region, this.pins),
      ...imageUseProblems(facts, wanted, answer.shape),
    ];
    return problems.length > 0 ? { problems } : answer;
  }

  problems(): readonly Problem[] {
    const { problems, complete } = this.given;
    if (!complete) return problems;
    const unreadable = pinsIn(this.props.pinFile).problems;
    return [...problems, ...unreadable, ...propsProblems(this.props, { zone: this.zone, pins: () => this.pins })];
  }

  private get zone(): string {
    return this.props.zone ?? `${this.props.region}a`;
  }

  private get props(): AwsCloudProps {
    return this.given.usable;
  }

  private get architecture(): Architecture {
    return this.props.architecture ?? "x86_64";
  }

  private get image(): string {
    return this.props.image ?? DEFAULT_IMAGE;
  }

  private get pins(): PinFile {
    return pinsIn(this.props.pinFile).pins;
  }

  private get way(): "public" | "private" | "ssm" {
    if (this.props.access.from === "ssm") return "ssm";
    return this.publicAddress ? "public" : "private";
  }

  private get publicAddress(): boolean {
    const { access, network, publicAddress = network === undefined || access.from === "ssm" } = this.props;
    return publicAddress;
  }

  /** One per image and cluster: a pool that comes later gets what the others have. */
  private imageId(site: Site, image: string, architecture: Architecture): string {
    const { scope, provider, region, pins } = siteOf(site);
    return imageId(scope, { image, architecture, region, provider, pins });
  }

  private identity(scope: Construct, id: string, site: Site): AwsIdentity {
    const { provider, region, tags } = siteOf(site);
    const { permissionsBoundary } = this.props;
    return new AwsIdentity(scope, id, {
      provider,
      region,
      cluster: site.cluster,
      permissionsBoundary,
      tags,
    });
  }
}
