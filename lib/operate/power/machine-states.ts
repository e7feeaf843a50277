import { PowerError, type PowerState } from "../../clouds/power";
import type { Manifest } from "../../model/manifest";
import { foldHosts } from "../../slurm/hostlist";
import { Failure } from "../feedback/failure";
import { ClusterPower } from "./cluster-power";

/** What machines are doing, by host, as their vendors tell it; none where a vendor cannot be asked: it only explains. */
export type MachineStates = ReadonlyMap<string, PowerState>;

export async function machineStates(manifest: Manifest, env: NodeJS.ProcessEnv): Promise<MachineStates> {
  try {
    const machines = await ClusterPower.of(manifest, env).list();
    return new Map(machines.map(({ host, state }) => [host, state]));
  } catch (error) {
    if (error instanceof PowerError || error instanceof Failure) return new Map();
    throw error;
  }
}

/** Why a master does not answer, if it is because its machine does not run. Pure. */
export function stoppedFailure(
  stack: string,
  { cluster, master }: Manifest,
  states: MachineStates,
): Failure | undefined {
  const state = states.get(master.host);
  if (state === undefined || state === "running") return undefined;
  const of = (wanted: PowerState) => [...states].filter(([, now]) => now === wanted).map(([host]) => host);
  const others = (["starting", "running", "stopping"] as const).flatMap((now) =>
    of(now).length === 0 ? [] : [`${now}: ${foldHosts(of(now))}`],
  );
  return new Failure("unreachable", `${cluster} is ${state}: its master does not run`, {
    code: `cluster.${state}`,
    remedy: `ohpc resume ${stack}`,
    output: [...(of("stopped").length === 0 ? [] : [`stopped: ${foldHosts(of("stopped"))}`]), ...others],
  });
}
