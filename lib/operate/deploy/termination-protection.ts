import type { Manifest } from "../../model/manifest";
import { placesOf } from "../power/cluster-power";
import { endsOnlyWhenTold, powerAt } from "../power/vendors";
import { machinesIn, type PlannedChange } from "../terraform/plan";

/**
 * What vendors have to be told before machines can be ended that a plan ends. They are asked before the plan is carried
 * out, so that a missing package or credentials are told while nothing has changed; what is returned is called then.
 *
 * @throws Failure if a package is missing
 * @throws PowerError if a vendor does not answer
 */
export async function terminationProtection(
  changes: readonly PlannedChange[],
  manifest: Manifest | undefined,
  env: NodeJS.ProcessEnv,
): Promise<() => Promise<void>> {
  if (manifest === undefined) return nothing;
  const ending = new Set(machinesIn(changes, ["delete", "replace"]));
  const told = await Promise.all(
    placesOf(manifest).map(async ({ site, hosts }) => {
      const here = hosts.filter((host) => ending.has(host));
      if (here.length === 0 || !endsOnlyWhenTold(site)) return [];
      const power = powerAt(site, manifest, env);
      // Of a machine whose making failed there may be nothing.
      const there = new Set((await power.list()).map(({ host }) => host));
      return [{ power, hosts: here.filter((host) => there.has(host)) }];
    }),
  );
  return async () => {
    for (const { power, hosts } of told.flat()) await power.unprotect(hosts);
  };
}

async function nothing(): Promise<void> {
  return Promise.resolve();
}
