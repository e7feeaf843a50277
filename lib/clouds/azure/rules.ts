import { ApplicationSecurityGroup } from "@cdktf/provider-azurerm/lib/application-security-group";
import { NetworkSecurityGroup } from "@cdktf/provider-azurerm/lib/network-security-group";
import { NetworkSecurityRule, type NetworkSecurityRuleConfig } from "@cdktf/provider-azurerm/lib/network-security-rule";
import type { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import { SubnetNetworkSecurityGroupAssociation } from "@cdktf/provider-azurerm/lib/subnet-network-security-group-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { createHash } from "node:crypto";
import { PORT_MATRIX, type PortRule, type PortSide } from "../../model/ports";
import type { SshSource } from "../access";
import { once } from "../once";
import type { ResourceGroupReference } from "./network";
import type { AzureTags } from "./tags";

export interface FirewallOptions {
  readonly provider: AzurermProvider;
  readonly location: string;
  readonly group: ResourceGroupReference;
  readonly prefix: string;
  /** Who may reach the master from outside; nobody where the way in needs no port. */
  readonly from: readonly SshSource[];
  /** Subnets of our own, by their name; none where the group is put on the machines. */
  readonly subnets: Readonly<Record<string, string>>;
  readonly tags: AzureTags;
}

/** What Azure takes; the last closes what no other has let through. */
const PRIORITY = { first: 100, denyAll: 4096 } as const;

/**
 * One network security group, whose rules name their ends as application security groups: one for the master and one for
 * all compute nodes. All pools are let through the same way, so that no number of pools meets the limit of rules.
 */
export class AzureFirewall extends Construct {
  readonly securityGroup: NetworkSecurityGroup;
  readonly master: ApplicationSecurityGroup;
  readonly compute: ApplicationSecurityGroup;
  /** What machines wait for: before it, their subnets would let through what Azure lets through. */
  readonly dependsOn: readonly ITerraformDependable[];
  private readonly options: FirewallOptions;
  private readonly priorities: ReadonlyMap<string, number>;

  constructor(scope: Construct, id: string, options: FirewallOptions) {
    super(scope, id);
    const { provider, location, group, prefix, subnets, tags } = options;
    const common = { provider, location, resourceGroupName: group.name, tags: tags.ofCluster() };
    this.options = options;
    this.priorities = prioritiesOf(options.from);
    this.securityGroup = new NetworkSecurityGroup(this, "group", { ...common, name: `${prefix}-firewall` });
    this.master = new ApplicationSecurityGroup(this, "master", { ...common, name: `${prefix}-master` });
    this.compute = new ApplicationSecurityGroup(this, "compute", { ...common, name: `${prefix}-compute` });
    // Azure's own last rules let everything through within a network, and from load balancers.
    const closed = new NetworkSecurityRule(this, "deny-all", {
      ...this.inbound("deny-all", PRIORITY.denyAll, "What is not let through above is closed"),
      access: "Deny",
      protocol: "*",
      destinationPortRange: "*",
      sourceAddressPrefix: "*",
      destinationAddressPrefix: "*",
    });
    const uses = Object.entries(subnets).map(([name, subnetId]) => {
      const networkSecurityGroupId = this.securityGroup.id;
      return new SubnetNetworkSecurityGroupAssociation(this, `${name}-use`, {
        provider,
        subnetId,
        networkSecurityGroupId,
      });
    });
    this.dependsOn = [closed, ...uses];
  }

  /** Lets traffic through. A pool is one of `compute`; what is open already stays open once. */
  open(from: PortSide, to: "master" | "compute", ports: readonly PortRule[]): void {
    for (const rule of ports) {
      if (from === "operator") {
        for (const source of this.options.from) {
          const { cidr: sourceAddressPrefix, reason: description } = source;
          this.allow(ruleName(from, to, rule, source), to, rule, { sourceAddressPrefix, description });
        }
      } else {
        this.allow(ruleName(from, to, rule), to, rule, {
          sourceApplicationSecurityGroupIds: [this[from].id],
          description: rule.why,
        });
      }
    }
  }

  private allow(name: string, to: "master" | "compute", rule: PortRule, source: Source): void {
    const priority = this.priorities.get(name);
    if (priority === undefined) throw new Error(`bug: ${name} is not in the port matrix`);
    once(this, name, (scope) => {
      return new NetworkSecurityRule(scope, name, {
        ...this.inbound(name, priority, source.description),
        ...source,
        access: "Allow",
        protocol: { tcp: "Tcp", udp: "Udp", all: "*" }[rule.protocol],
        destinationPortRange: portRange(rule),
        destinationApplicationSecurityGroupIds: [this[to].id],
        // Azure takes at most 140 characters.
        description: source.description.slice(0, 140),
      });
    });
  }

  private inbound(name: string, priority: number, description: string) {
    const { provider, group } = this.options;
    return {
      provider,
      name,
      priority,
      description,
      direction: "Inbound",
      sourcePortRange: "*",
      resourceGroupName: group.name,
      networkSecurityGroupName: this.securityGroup.name,
    };
  }
}

type Source = Pick<NetworkSecurityRuleConfig, "sourceApplicationSecurityGroupIds" | "sourceAddressPrefix"> & {
  readonly description: string;
};

function portRange({ protocol, from, to }: PortRule): string {
  if (protocol === "all") return "*";
  return from === to ? String(from) : `${from}-${to}`;
}

function ruleName(from: PortSide, to: PortSide, { name }: PortRule, source?: SshSource): string {
  const own = `${from}-to-${to}-${name}`;
  return source === undefined ? own : `${own}-${sha256(source.cidr).slice(0, 8)}`;
}

/**
 * The number of every rule that there may be. Azure looks at rules in the order of these numbers, which says nothing
 * here, as all but the last let something through; but no two may have the same, not even while Terraform changes them.
 * So a number comes from the rule's own name, and only rules that want the same one depend on each other.
 */
function prioritiesOf(sources: readonly SshSource[]): ReadonlyMap<string, number> {
  const namesOf = (operator: boolean) =>
    PORT_MATRIX.filter(({ from }) => (from === "operator") === operator).flatMap(({ from, to, ports }) =>
      ports.flatMap((rule) =>
        operator ? sources.map((source) => ruleName(from, to, rule, source)) : [ruleName(from, to, rule)],
      ),
    );
  const room = PRIORITY.denyAll - PRIORITY.first;
  const taken = new Set<number>();
  const claim = (name: string): [string, number] => {
    let place = parseInt(sha256(name).slice(0, 8), 16) % room;
    while (taken.has(place)) place = (place + 1) % room;
    taken.add(place);
    return [name, PRIORITY.first + place];
  };
  // What the cluster needs comes first: nobody who is let in moves it.
  return new Map([...namesOf(false).sort(), ...new Set(namesOf(true).sort())].map(claim));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
