import type { PowerState } from "../../clouds/power";
import { Duration } from "../../units";
import { masterOf } from "../access/master";
import { wayIn, type WayIn } from "../access/way-in";
import { openDeployment } from "../cluster/deployment";
import { RemoteError } from "../exec/remote/remote";
import { type MachineStates, machineStates, stoppedFailure } from "../power/machine-states";
import { type Attention, attentionOf } from "../scheduler/attention";
import { type ClusterStatus, clusterStatus, type NodeStatus } from "../scheduler/status";
import type { Place } from "../stack/project";

/** A cluster as its master sees it, and what vendors say of machines that do not answer. */
export interface StackStatus extends Omit<ClusterStatus, "nodes"> {
  readonly cluster: string;
  readonly nodes: readonly NodeWithMachine[];
  readonly login: WayIn;
  /** What somebody should look at; empty for a cluster that is well. */
  readonly problems: readonly Attention[];
}

export interface NodeWithMachine extends NodeStatus {
  /** Absent where its vendor was not asked, or cannot be. */
  readonly machine?: PowerState;
}

/** Who asks how it is wants to hear soon that it is not. */
const PATIENCE = Duration.seconds(5);

/**
 * How the cluster of a stack is. Vendors are asked only where it explains something.
 *
 * @throws Failure of kind `unreachable` telling that the cluster is stopped, if it is
 * @throws RemoteError when the master does not answer
 */
export async function stackStatus(stack: string, place: Place): Promise<StackStatus> {
  const deployment = await openDeployment(stack, place);
  const { manifest } = deployment;
  const status = await clusterStatus(manifest, masterOf(deployment, PATIENCE)).catch(async (error: unknown) => {
    if (!(error instanceof RemoteError) || error.failure !== "unreachable") throw error;
    throw stoppedFailure(stack, manifest, await machineStates(manifest, place.env)) ?? error;
  });
  const silent = status.nodes.some(({ unit }) => "unreachable" in unit);
  const machines: MachineStates = silent ? await machineStates(manifest, place.env) : new Map();
  const nodes = status.nodes.map((node) => {
    const machine = machines.get(node.host);
    return machine === undefined ? node : { ...node, machine };
  });
  const problems = attentionOf({ ...status, nodes, stack, master: manifest.master.host });
  return { cluster: manifest.cluster, ...status, nodes, problems, login: wayIn(deployment, deployment) };
}
