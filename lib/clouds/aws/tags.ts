import type { Problem } from "../../model/problems";
import { CLUSTER_TAG, GROUP_TAG, HOST_TAG, ROLE_TAG } from "./tag-names";

type Tags = Readonly<Record<string, string>>;

/** The tags of everything that is made for a cluster: the user's own, and ours. */
export class AwsTags {
  constructor(
    private readonly cluster: string,
    private readonly own: Tags,
  ) {}

  /** For something that is one of a kind: `demo-nat`. */
  named(what: string): Tags {
    return { ...this.own, Name: `${this.cluster}-${what}`, [CLUSTER_TAG]: this.cluster };
  }

  /** For what belongs to a machine, of which each host has one. */
  ofHost(role: "master" | "compute", group: string): Tags {
    return { ...this.named("${each.key}"), [ROLE_TAG]: role, [GROUP_TAG]: group, [HOST_TAG]: "${each.key}" };
  }
}

/** What is wrong with the user's own tags. */
export function tagProblems(tags: Tags, at: string): readonly Problem[] {
  const problems = Object.entries(tags).flatMap(([key, value]): Problem[] => {
    const where = `${at}[${JSON.stringify(key)}]`;
    if (/^(aws:|ohpc:)/i.test(key) || key === "Name") {
      return [{ at: where, got: value, want: "a tag of your own: Name, aws: and ohpc: are taken" }];
    }
    // Machines see their own tags in their metadata, where a key is a path.
    if (!/^[A-Za-z0-9+\-=.,_:@]{1,128}$/.test(key)) {
      return [{ at: where, got: value, want: "a key of letters, digits and + - = . , _ : @, at most 128" }];
    }
    return value.length <= 256 ? [] : [{ at: where, got: value, want: "at most 256 characters" }];
  });
  const most = 40;
  if (Object.keys(tags).length <= most) return problems;
  return [
    ...problems,
    { at, got: Object.keys(tags).length, want: `at most ${most} tags: AWS takes 50, and some are ours` },
  ];
}
