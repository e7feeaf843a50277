import { type Power, type PoweredMachine, PowerError } from "../../clouds/power";
import type { Manifest } from "../../model/manifest";
import { expandHosts } from "../../slurm/hostlist";
import { powerAt } from "./vendors";

/** Machines at one vendor, and who can switch them. */
interface PoweredSite {
  readonly power: Power;
  readonly hosts: readonly string[];
}

/** Day 2 of a whole cluster's machines, at as many sites as it has. */
export class ClusterPower implements Power {
  /** @throws Failure if nobody can switch machines at one of the sites, or a package is missing */
  static of(manifest: Manifest, env: NodeJS.ProcessEnv): ClusterPower {
    return new ClusterPower(
      placesOf(manifest).map(({ site, hosts }) => ({ power: powerAt(site, manifest, env), hosts })),
    );
  }

  constructor(private readonly sites: readonly PoweredSite[]) {}

  async list(): Promise<readonly PoweredMachine[]> {
    const lists = await Promise.all(this.sites.map(async ({ power }) => power.list()));
    return lists.flat();
  }

  async start(hosts: readonly string[]): Promise<void> {
    await this.each(hosts, async (power, some) => power.start(some));
  }

  async stop(hosts: readonly string[]): Promise<void> {
    await this.each(hosts, async (power, some) => power.stop(some));
  }

  async unprotect(hosts: readonly string[]): Promise<void> {
    await this.each(hosts, async (power, some) => power.unprotect(some));
  }

  async end(hosts: readonly string[]): Promise<void> {
    await this.each(hosts, async (power, some) => power.end(some));
  }

  async console(host: string): Promise<string> {
    return (await this.sites.find(({ hosts }) => hosts.includes(host))?.power.console(host)) ?? "";
  }

  async hostKeys(host: string): Promise<readonly string[]> {
    return (await this.sites.find(({ hosts }) => hosts.includes(host))?.power.hostKeys(host)) ?? [];
  }

  /** All sites at once; what fails at one keeps no other waiting. */
  private async each(
    hosts: readonly string[],
    request: (power: Power, hosts: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const results = await Promise.allSettled(
      this.sites.map(async (site) => {
        const at = new Set(site.hosts);
        const here = hosts.filter((host) => at.has(host));
        if (here.length > 0) await request(site.power, here);
      }),
    );
    const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    const foreign = reasons.find((reason) => !(reason instanceof PowerError));
    if (foreign !== undefined) throw foreign as Error;
    const [first, ...rest] = reasons as PowerError[];
    if (first === undefined) return;
    if (rest.length === 0) throw first;
    const all = [first, ...rest];
    throw new PowerError(
      first.failure,
      all.flatMap((error) => error.hosts),
      all.map(({ reason }) => reason).join("; "),
      [...new Set(all.map(({ remedy }) => remedy))].join("; "),
      { cause: first },
    );
  }
}

/** The places that machines of the cluster are in. Two sites may share one: a vendor tells them apart by no tag. */
export function placesOf({ sites, master, pools }: Manifest) {
  const places = new Map<string, { readonly site: Manifest["sites"][number]; readonly hosts: Set<string> }>();
  for (const site of sites) {
    const key = JSON.stringify([site.cloud, site.place]);
    const place = places.get(key) ?? { site, hosts: new Set() };
    places.set(key, place);
    if (master.site === site.name) place.hosts.add(master.host);
    for (const pool of pools) {
      if (pool.site === site.name) for (const host of expandHosts(pool.hosts)) place.hosts.add(host);
    }
  }
  return [...places.values()].map(({ site, hosts }) => ({ site, hosts: [...hosts] }));
}
