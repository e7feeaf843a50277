import type { Problem } from "../../model/problems";
import { ADDRESS_TAG, CLUSTER_TAG, GROUP_TAG, HOST_TAG, ROLE_TAG } from "./tag-names";

type Tags = Readonly<Record<string, string>>;

/** The tags of everything that is made for a cluster: the user's own, and ours. */
export class AzureTags {
  constructor(
    private readonly cluster: string,
    private readonly own: Tags,
  ) {}

  /** For something that is one of a kind; it has a name beside its tags. */
  ofCluster(): Tags {
    return { ...this.own, [CLUSTER_TAG]: this.cluster };
  }

  /** For what belongs to a machine, of which each host has one. */
  ofHost(role: "master" | "compute", group: string): Tags {
    return {
      ...this.ofCluster(),
      [ROLE_TAG]: role,
      [GROUP_TAG]: group,
      [HOST_TAG]: "${each.key}",
      [ADDRESS_TAG]: "${each.value}",
    };
  }
}

/** What is wrong with the user's own tags: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources, November 2026. */
export function tagProblems(tags: Tags, at: string): readonly Problem[] {
  const problems = Object.entries(tags).flatMap(([key, value]): Problem[] => {
    const where = `${at}[${JSON.stringify(key)}]`;
    if (/^(ohpc:|microsoft|azure|windows)/i.test(key)) {
      return [{ at: where, got: value, want: "a tag of your own: ohpc:, microsoft, azure and windows are taken" }];
    }
    if (!/^[^<>%&\\?/]{1,512}$/.test(key)) {
      return [{ at: where, got: value, want: "a key without < > % & \\ ? /, at most 512 characters" }];
    }
    return value.length <= 256 ? [] : [{ at: where, got: value, want: "at most 256 characters" }];
  });
  const most = 40;
  if (Object.keys(tags).length <= most) return problems;
  return [
    ...problems,
    { at, got: Object.keys(tags).length, want: `at most ${most} tags: Azure takes 50, and some are ours` },
  ];
}
