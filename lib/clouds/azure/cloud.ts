import { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
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
import type { BastionReference } from "./bastion";
import { azureMachine, machineWords, shapeOf, sizesOf } from "./catalogue";
import { makeDisk } from "./disk";
import { existingDiskProblems, FILES_ENDPOINT, isAzureFiles } from "./disk-options";
import { type ImageSource, imageSource } from "./image";
import { DEFAULT_IMAGE, imageProblems, isStock, otherSystem } from "./image-choice";
import { groupProblems } from "./machine-features";
import { AzureMachines } from "./machines";
import { DEFAULT_SITE, groupNameProblems, hostNamesProblems, prefixOf, siteNameProblems } from "./names";
import { AzureExistingNetwork, AzureNetwork, resourceGroup } from "./network";
import { AZURE_CLOUD_NAMES, type AzureCloudProps, DEFAULT_CIDR } from "./props";
import { propsProblems } from "./props-problems";
import { AzureFirewall } from "./rules";
import { AzureSite, siteOf } from "./site";
import { divideNetwork, existingPlan } from "./subnets";
import { AzureTags } from "./tags";
import { azureUserData, userDataProblems } from "./user-data";

/** Clusters on virtual machines of Azure. */
export class AzureCloud implements Cloud<AzureMachines> {
  readonly kind = "azure";
  readonly id: string;
  readonly defaultMachine = "small";
  readonly facts: CloudFacts = { slurmdTimeout: 300, cgroups: true, configOverrides: false, metadata: true };

  private readonly given: Given<AzureCloudProps>;

  constructor(props: AzureCloudProps) {
    this.given = readProperties(props, AZURE_CLOUD_NAMES);
    this.id = this.props.id ?? DEFAULT_SITE;
  }

  get sizes(): readonly NeutralSize[] {
    return sizesOf(this.architecture);
  }

  get machineWords(): string {
    return machineWords(this.architecture);
  }

  network(scope: Construct, id: string, { cluster }: NetworkSpec): Site {
    const { location, subscriptionId, zone, access, cidr = DEFAULT_CIDR, nat = "gateway", tags: own = {} } = this.props;
    refuse(`the site "${this.id}" of the cluster "${cluster}"`, siteNameProblems(cluster, this.id));
    const provider = new AzurermProvider(scope, `${id}-provider`, {
      alias: this.id,
      subscriptionId,
      features: [{}],
      // Registering all that azurerm knows takes rights that few have.
      resourceProviderRegistrations: "core",
      storageUseAzuread: true,
    });
    const tags = new AzureTags(cluster, own);
    const prefix = prefixOf(cluster, this.id);
    const { pins } = this;
    const group = resourceGroup(scope, `${id}-group`, {
      provider,
      location,
      prefix,
      existing: this.props.resourceGroup,
      tags,
    });
    const bastion = access.from === "bastion";
    const serviceEndpoints = isAzureFiles(this.props.disks?.home ?? {}) ? [FILES_ENDPOINT] : [];
    const network = this.props.network;
    const existing = network === undefined ? undefined : existingPlan(network, { location, pins }).plan;
    const divided = divideNetwork(cidr);
    const plan = existing === undefined ? divided : planExisting(existing);
    const subnets =
      existing === undefined
        ? new AzureNetwork(scope, id, {
            provider,
            location,
            zone,
            group,
            prefix,
            plan: divided,
            nat,
            bastion,
            serviceEndpoints,
            tags,
          })
        : new AzureExistingNetwork(scope, id, existing, { provider, serviceEndpoints });
    const given = network?.securityGroups;
    const firewall =
      given === undefined
        ? new AzureFirewall(scope, `${id}-firewall`, {
            provider,
            location,
            group,
            prefix,
            tags,
            from:
              access.from === "bastion"
                ? [{ cidr: network?.bastion?.cidr ?? divided.bastionCidr, reason: "Azure Bastion" }]
                : access.from,
            subnets: existing === undefined ? { master: subnets.masterSubnetId, pools: subnets.poolSubnetId } : {},
          })
        : undefined;
    const onMachines =
      firewall !== undefined && existing !== undefined
        ? { master: firewall.securityGroup.id, compute: firewall.securityGroup.id }
        : undefined;
    return {
      name: this.id,
      cloud: this,
      cluster,
      cidr: plan.cidr,
      masterCidr: plan.masterCidr,
      poolCidr: plan.poolCidr,
      reserved: reservedAddresses([plan.masterCidr, plan.poolCidr]),
      addressesRequired: existing !== undefined,
      place: {
        location,
        resourceGroup: this.props.resourceGroup ?? prefix,
        ...(subscriptionId !== undefined && { subscription: subscriptionId }),
      },
      handle: new AzureSite({
        scope: subnets,
        provider,
        location,
        zone,
        group,
        subnets,
        firewall,
        prefix,
        tags,
        pins,
        securityGroups: given === undefined || given === "subnet" ? onMachines : given,
      }),
      dependsOn: [...subnets.dependsOn, ...(firewall?.dependsOn ?? [])],
    };
  }

  machines(scope: Construct, id: string, spec: MachinesSpec): AzureMachines {
    const { site, role, boot, hosts, image = this.image, shape } = spec;
    const { access, firstBoot: extra = {}, protect = true } = this.props;
    const machine = azureMachine(spec.machine, this.architecture);
    if (machine === undefined) throw new Error(`bug in AzureCloud: ${JSON.stringify(spec.machine)} was not refused`);
    const userData = azureUserData({ boot, extra });
    refuse(`machines of "${scope.node.path}"`, [
      ...userDataProblems(userData),
      ...groupProblems(spec, machine),
      ...groupNameProblems(siteOf(site).prefix, spec.group),
      ...hostNamesProblems(
        siteOf(site).prefix,
        hosts.map(({ name }) => name),
      ),
    ]);
    const identity = role === "master" ? this.props.identity : undefined;
    const { network, nat } = this.props;
    const wayOut = network === undefined ? nat !== "none" : undefined;
    warnOfWayOut(scope, spec, { image, stock: isStock(image), wayOut });
    return new AzureMachines(scope, id, spec, {
      machine,
      userData,
      identity,
      way: this.way(site),
      protect,
      sshPublicKey: access.sshPublicKey.trim(),
      image: this.imageSource(site, image, shape.architecture),
    });
  }

  disk(scope: Construct, id: string, spec: DiskSpec): Disk {
    const { purpose, existing } = spec;
    if (existing !== undefined) refuse(`disk "${scope.node.path}"`, existingDiskProblems(existing, purpose));
    const { disks = {}, protect = true } = this.props;
    return makeDisk(scope, id, spec, { options: (purpose === "home" ? disks.home : disks.state) ?? {}, protect });
  }

  rules(_scope: Construct, _id: string, { site, from, to, ports }: RulesSpec): void {
    const sideOf = (name: string) => (name === "operator" || name === "master" ? name : "compute");
    siteOf(site).firewall?.open(sideOf(from), to === "master" ? "master" : "compute", ports);
  }

  shapeOf(machine: string | VendorMachine, wanted: WantedMachine): ShapeAnswer {
    // Where is not known: that is told as the cloud's own problem.
    if (!this.given.complete) return { problems: [] };
    const { image = this.image } = wanted;
    const { location, acceptTerms = [] } = this.props;
    const answer = shapeOf(machine, { architecture: this.architecture, location }, wanted);
    if (answer.shape === undefined) return answer;
    const { pins } = this;
    const ownImage = '"/subscriptions/…/images/NAME", or one in a gallery';
    const facts = { image, system: otherSystem(image), stock: isStock(image), ownImage };
    const problems = [
      ...imageProblems(image, { architecture: answer.shape.architecture, location, pins, acceptTerms }),
      ...imageUseProblems(facts, wanted, answer.shape),
      ...this.wayOutProblems(image, wanted),
    ];
    return problems.length > 0 ? { problems } : answer;
  }

  problems(): readonly Problem[] {
    const { problems, complete } = this.given;
    if (!complete) return problems;
    const unreadable = pinsIn(this.props.pinFile).problems;
    return [...problems, ...unreadable, ...propsProblems(this.props, () => this.pins)];
  }

  private get props(): AzureCloudProps {
    return this.given.usable;
  }

  /** A stock master installs its software when the cluster is configured. */
  private wayOutProblems(image: string, { role }: WantedMachine): readonly Problem[] {
    const { access, network, nat, publicAddress = true } = this.props;
    const isPublic = publicAddress && access.from !== "bastion";
    if (role !== "master" || network !== undefined || nat !== "none" || isPublic || !isStock(image)) return [];
    const want =
      'an image with all software: without a public address and with nat: "none", a stock master has no way out';
    return [{ at: "image", got: image, want, hint: 'say nat: "gateway", or give the master an image of your own' }];
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

  private way(site: Site): "public" | "private" | BastionReference {
    const { access, network, publicAddress = network === undefined } = this.props;
    if (access.from !== "bastion") return publicAddress ? "public" : "private";
    const { subnets, group } = siteOf(site);
    const ours = subnets instanceof AzureNetwork ? subnets.bastion : undefined;
    return network?.bastion ?? { name: ours?.name ?? "", resourceGroup: group.name };
  }

  /** One per image and cluster: a pool that comes later gets what the others have. */
  private imageSource(site: Site, image: string, architecture: Architecture): ImageSource {
    const { scope, provider, location, pins } = siteOf(site);
    return imageSource(scope, {
      image,
      architecture,
      location,
      provider,
      pins,
      acceptTerms: this.props.acceptTerms ?? [],
    });
  }
}
