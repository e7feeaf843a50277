import type { Problem } from "./problems";

/** Names that would mean something else than the pool, partition or host called so. Compared without case. */
const RESERVED = new Map([
  ["all", "Slurm reads it as every node"],
  ["default", "Slurm reads it as the settings of all lines that follow"],
  ["localhost", "every machine takes it for itself"],
  ...["ip6-localhost", "ip6-loopback", "ip6-allnodes", "ip6-allrouters"].map(
    (name) => [name, "every machine's /etc/hosts has it for itself"] as const,
  ),
]);

/** What else a pool would be taken for: firewalls, tags and inventories have these for others. Compared as they are. */
const OTHERS_THAN_POOLS = new Map([
  ["master", "it stands for the master"],
  ["operator", "it stands for those who log in from outside"],
]);

/** One rule for a kind of name. */
interface NameRule {
  readonly pattern: RegExp;
  readonly longest: number;
  readonly want: string;
}

/** MariaDB's table names begin with it and may have 64 characters; the rest is what all clouds take in labels. */
const CLUSTER: NameRule = {
  pattern: /^[a-z][a-z0-9-]*$/,
  longest: 40,
  want: "a lower case letter followed by lower case letters, digits and hyphens, at most 40 characters in all",
};

/** Also the alias of a provider, which Terraform has begin with a letter. */
const SITE: NameRule = {
  pattern: /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
  longest: 63,
  want: "lower case letters, digits and hyphens, beginning with a letter, not ending with a hyphen, at most 63 characters in all",
};

/** Host names are made of it, and Terraform addresses. */
const POOL: NameRule = {
  pattern: /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
  longest: 40,
  want: "lower case letters, digits and hyphens, beginning with a letter, not ending with a hyphen, at most 40 characters in all",
};

const PARTITION: NameRule = {
  pattern: /^[A-Za-z][A-Za-z0-9_-]*$/,
  longest: 40,
  want: "letters, digits, hyphens and underscores, beginning with a letter, at most 40 characters in all",
};

/** Without what `sbatch --constraint` gives a meaning to: `& | ! * [ ] ( ) , :`. */
const FEATURE: NameRule = {
  pattern: /^[A-Za-z][A-Za-z0-9_.-]*$/,
  longest: 63,
  want: "letters, digits, dots, hyphens and underscores, beginning with a letter, at most 63 characters in all",
};

/** RFC 1123 in lower case: names are compared without case, files are not. */
const HOST: NameRule = {
  pattern: /^(?![0-9]+$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  longest: 63,
  want: "a host name: lower case letters, digits and inner hyphens, not digits alone, at most 63 characters in all",
};

/** `clusterName`: labels everything, is Slurm's ClusterName, and never changes. */
export function clusterNameProblems(name: string, at = "clusterName"): readonly Problem[] {
  return nameProblems(CLUSTER, name, at);
}

/** What a vendor's cloud calls its site, and its provider. */
export function siteIdProblems(name: string, at = "id"): readonly Problem[] {
  return nameProblems(SITE, name, at);
}

export function poolNameProblems(name: string, at = "name"): readonly Problem[] {
  const other = OTHERS_THAN_POOLS.get(name);
  return other === undefined ? nameProblems(POOL, name, at) : [{ at, got: name, want: "another name", hint: other }];
}

export function partitionNameProblems(name: string, at = "partition"): readonly Problem[] {
  return nameProblems(PARTITION, name, at);
}

export function featureProblems(features: readonly string[], at = "features"): readonly Problem[] {
  return features.flatMap((feature, index) => nameProblems(FEATURE, feature, `${at}[${index}]`));
}

export function hostNameProblems(name: string, at = "host"): readonly Problem[] {
  return nameProblems(HOST, name, at);
}

function nameProblems({ pattern, longest, want }: NameRule, name: string, at: string): readonly Problem[] {
  const meaning = RESERVED.get(name.toLowerCase());
  if (meaning !== undefined) return [{ at, got: name, want: "another name", hint: meaning }];
  if (pattern.test(name) && name.length <= longest) return [];
  const lower = name.toLowerCase();
  const mended = pattern.test(lower) && lower.length <= longest ? { hint: `did you mean "${lower}"?` } : {};
  return [{ at, got: name, want, ...mended }];
}
