import { PowerError, waitForState } from "../clouds/power";
import { Duration } from "../units";
import { manifestIn, outputsOf } from "./deploy";
import { Failure } from "./failure";
import type { Groundwork } from "./groundwork";
import { ClusterPower } from "./power";

/** What `ohpc up` does beside Terraform for machines at a vendor: Terraform leaves a machine that is stopped as it is. */
export function vendorGroundwork(env: NodeJS.ProcessEnv): Groundwork {
  let power: ClusterPower | undefined;
  return {
    // A stock machine applies the roles at its first boot.
    patience: Duration.minutes(30),
    prepare: async () => Promise.resolve(),
    drift: async (state) => {
      const manifest = manifestIn(outputsOf(state));
      if (manifest === undefined) return { missing: [], stopped: [] };
      try {
        power = ClusterPower.of(manifest, env);
        const machines = await power.list();
        return { missing: [], stopped: machines.filter(({ state: now }) => now === "stopped").map(({ host }) => host) };
      } catch (error) {
        // Terraform may have credentials of its own, and deploys without the SDK: then machines are taken to run.
        if (error instanceof PowerError || error instanceof Failure) return { missing: [], stopped: [] };
        throw error;
      }
    },
    start: async (hosts) => {
      if (power === undefined) return;
      await power.start(hosts);
      await waitForState(power, hosts, "running", { deadline: Duration.minutes(10), pause: Duration.seconds(1) });
    },
    remains: async () => Promise.resolve([]),
    sweep: async () => Promise.resolve(),
  };
}
