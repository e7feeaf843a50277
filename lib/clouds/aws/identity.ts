import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Construct } from "constructs";
import type { AwsTags } from "./tags";

export interface IdentityOptions {
  readonly provider: AwsProvider;
  readonly region: string;
  readonly cluster: string;
  /** The ARN of a policy that bounds every role of the account. */
  readonly permissionsBoundary: string | undefined;
  readonly tags: AwsTags;
}

/**
 * What the master may do in AWS where the Session Manager is the way in: what its agent needs, and nothing else. Any other
 * master has no identity, and compute nodes never have one: there is nothing in them to steal.
 */
export class AwsIdentity extends Construct {
  readonly role: IamRole;
  readonly profile: IamInstanceProfile;

  constructor(scope: Construct, id: string, { provider, region, cluster, permissionsBoundary, tags }: IdentityOptions) {
    super(scope, id);
    const partition = partitionOf(region);
    this.role = new IamRole(this, "role", {
      provider,
      permissionsBoundary,
      tags: tags.named("master"),
      // Roles belong to the whole account, clusters to a region. 64 characters are the limit, 40 the longest cluster's.
      name: `${cluster}-${region}-master`,
      description: `The master of the Slurm cluster ${cluster} in ${region}`,
      assumeRolePolicy: JSON.stringify(trustPolicy(partition)),
    });
    const role = this.role.name;
    const policyArn = `arn:${partition}:iam::aws:policy/AmazonSSMManagedInstanceCore`;
    new IamRolePolicyAttachment(this, "sessions", { provider, role, policyArn });
    this.profile = new IamInstanceProfile(this, "profile", {
      provider,
      name: this.role.name,
      role,
      tags: tags.named("master"),
    });
  }
}

/** AWS proper, China, or the government's. */
function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

function trustPolicy(partition: string) {
  const service = partition === "aws-cn" ? "ec2.amazonaws.com.cn" : "ec2.amazonaws.com";
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } }],
  };
}
