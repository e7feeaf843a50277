import type { CloudFacts, Manifest } from "../model/manifest";

/**
 * What slurm.conf, which is one file for all sites, can say of them together: what the weakest of them allows.
 * A network between sites loses more than one inside: there a node may be silent for twice as long.
 */
export function clusterFacts({ master, pools, sites }: Pick<Manifest, "master" | "pools" | "sites">): CloudFacts {
  const used = sitesWithPools({ pools, sites });
  const facts = (used.length > 0 ? used : sites).map((site) => site.facts);
  const far = new Set([master.site, ...used.map(({ name }) => name)]).size > 1;
  return {
    slurmdTimeout: Math.max(...facts.map(({ slurmdTimeout }) => slurmdTimeout)) * (far ? 2 : 1),
    cgroups: facts.every(({ cgroups }) => cgroups),
    configOverrides: facts.some(({ configOverrides }) => configOverrides),
  };
}

/** By name, so that the order in which they were made does not show. */
export function sitesWithPools({
  pools,
  sites,
}: Pick<Manifest, "pools" | "sites">): readonly Manifest["sites"][number][] {
  const used = new Set(pools.map(({ site }) => site));
  return byName(sites.filter(({ name }) => used.has(name)));
}

export function byName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}
