import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Construct } from "constructs";
import { createHash } from "node:crypto";
import type { PortRule, PortSide } from "../../model/ports";
import type { SshSource } from "../access";
import { once } from "../once";
import type { AwsTags } from "./tags";

export interface FirewallOptions {
  readonly provider: AwsProvider;
  readonly vpcId: string;
  readonly cluster: string;
  /** Who may reach the master from outside; nobody where the way in needs no port. */
  readonly from: readonly SshSource[];
  readonly tags: AwsTags;
}

/**
 * Two security groups, one for the master and one for all compute nodes: all pools are let through the same way, so that
 * no number of pools meets the limit of rules per group.
 */
export class AwsFirewall extends Construct {
  readonly master: SecurityGroup;
  readonly compute: SecurityGroup;
  private readonly provider: AwsProvider;
  private readonly from: readonly SshSource[];
  private readonly tags: AwsTags;

  constructor(scope: Construct, id: string, { provider, vpcId, cluster, from, tags }: FirewallOptions) {
    super(scope, id);
    const group = (side: "master" | "compute", description: string) =>
      new SecurityGroup(this, side, {
        provider,
        vpcId,
        name: `${cluster}-${side}`,
        description,
        tags: tags.named(side),
      });
    this.provider = provider;
    this.from = from;
    this.tags = tags;
    this.master = group("master", "The head of the Slurm cluster");
    this.compute = group("compute", "Nodes of the Slurm cluster");
    for (const side of ["master", "compute"] as const) {
      const description = "Packages, time, licence servers";
      new VpcSecurityGroupEgressRule(this, `${side}-out`, {
        provider,
        description,
        tags: tags.named(`${side}-out`),
        securityGroupId: this[side].id,
        ipProtocol: "-1",
        cidrIpv4: "0.0.0.0/0",
      });
    }
    // An Elastic Fabric Adapter goes by no address: it wants a rule that names its own group, in both directions.
    new VpcSecurityGroupEgressRule(this, "compute-to-compute-out", {
      provider,
      description: "MPI over the fabric",
      tags: tags.named("fabric"),
      securityGroupId: this.compute.id,
      ipProtocol: "-1",
      referencedSecurityGroupId: this.compute.id,
    });
  }

  /** Lets traffic through. A pool is one of `compute`; what is open already stays open once. */
  open(from: PortSide, to: "master" | "compute", ports: readonly PortRule[]): void {
    for (const rule of ports) {
      if (from === "operator") {
        for (const source of this.from) this.openTo(source, to, rule);
      } else {
        this.ingress(`${from}-to-${to}-${rule.name}`, to, rule, {
          referencedSecurityGroupId: this[from].id,
          description: rule.why,
        });
      }
    }
  }

  private openTo({ cidr, reason }: SshSource, to: "master" | "compute", rule: PortRule): void {
    const id = `operator-to-${to}-${rule.name}-${createHash("sha256").update(cidr).digest("hex").slice(0, 8)}`;
    this.ingress(id, to, rule, { cidrIpv4: cidr, description: plain(reason) });
  }

  private ingress(
    id: string,
    to: "master" | "compute",
    rule: PortRule,
    source: Readonly<Record<string, string>> & { readonly description: string },
  ): void {
    const ports =
      rule.protocol === "all"
        ? { ipProtocol: "-1" }
        : { ipProtocol: rule.protocol, fromPort: rule.from, toPort: rule.to };
    once(this, id, (scope) => {
      return new VpcSecurityGroupIngressRule(scope, id, {
        provider: this.provider,
        securityGroupId: this[to].id,
        tags: this.tags.named(id),
        ...ports,
        ...source,
        description: plain(source.description),
      });
    });
  }
}

/** AWS takes at most 255 characters, and only some of them. */
function plain(text: string): string {
  return text
    .replaceAll("'", "")
    .replaceAll(/[^A-Za-z0-9 ._\-:/()#,@[\]+=&;!*]/g, " ")
    .slice(0, 255);
}
