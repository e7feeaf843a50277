import { PowerError } from "../../clouds/power";
import { Duration } from "../../units";
import { manifestIn } from "../access/master-access";
import { Failure } from "../feedback/failure";
import { nodesOf } from "../hosts/nodes";
import { ClusterPower } from "../power/cluster-power";
import { startMachines } from "../power/start-machines";
import { outputsOf } from "../terraform/outputs";
import type { Platform } from "./platform";

/** What `ohpc up` does beside Terraform for machines at a vendor: Terraform leaves a machine that is stopped as it is. */
export function vendorPlatform(env: NodeJS.ProcessEnv): Platform {
  let power: ClusterPower | undefined;
  return {
    // A stock machine applies the roles at its first boot.
    patience: Duration.minutes(30),
    prepare: async () => Promise.resolve(),
    // A state at a vendor finds its machines by their ids there, and no others.
    claim: async () => Promise.resolve(undefined),
    displaced: async () => Promise.resolve([]),
    drift: async (state) => {
      const manifest = manifestIn(outputsOf(state));
      if (manifest === undefined) return { missing: [], stopped: [] };
      const ours = new Set([manifest.master.host, ...nodesOf(manifest).map(({ host }) => host)]);
      try {
        power = ClusterPower.of(manifest, env);
        // One that is still stopping, or was shut down from inside, does not come back by itself either.
        const asleep = (await power.list()).filter(({ state: now }) => now === "stopped" || now === "stopping");
        return { missing: [], stopped: asleep.flatMap(({ host }) => (ours.has(host) ? [host] : [])) };
      } catch (error) {
        // Terraform may have credentials of its own, and deploys without the SDK: then machines are taken to run.
        if (error instanceof PowerError || error instanceof Failure) return { missing: [], stopped: [] };
        throw error;
      }
    },
    start: async (hosts) => {
      if (power !== undefined) await startMachines(power, hosts, Duration.minutes(10));
    },
    remains: async () => Promise.resolve([]),
    sweep: async () => Promise.resolve(),
  };
}
