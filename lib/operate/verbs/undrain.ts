import { foldHosts } from "../../slurm/hostlist";
import { masterOf } from "../access/master";
import { openDeployment } from "../cluster/deployment";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { type HostChoice, typed } from "../hosts/chosen-hosts";
import { namedNodes } from "../hosts/chosen-nodes";
import { withCommandLock } from "../lock/command-lock";
import { type Apart, giveBack, lookAtNodes, planUndrain } from "../scheduler/set-apart";
import type { Place } from "../stack/project";

export interface UndrainNodesOptions extends HostChoice {
  readonly stack: string;
  readonly place: Place;
}

export interface UndrainedNodes {
  readonly cluster: string;
  /** Nodes that take jobs again, as they were set apart. */
  readonly undrained: readonly Apart[];
  /** Nodes that stay set apart, because giving them back is not ours. */
  readonly kept: readonly Apart[];
  /** Nodes that nobody had set apart. */
  readonly free: readonly string[];
}

/**
 * Lets Slurm use nodes again that people or Slurm have drained or set down.
 *
 * @throws Failure, e.g. of kind `usage` where `ohpc stop` has stopped the machines; then nothing is changed
 */
export async function undrainNodes(options: UndrainNodesOptions, progress: Progress): Promise<UndrainedNodes> {
  const { stack, place } = options;
  const command = ["ohpc undrain", stack, ...typed(options)].join(" ");
  return withCommandLock(place.env, command, async (commandLock) => {
    const deployment = await openDeployment(stack, place);
    await commandLock.lockCluster(deployment.stack);
    const hosts = namedNodes(deployment.manifest, options);
    const master = masterOf(deployment);
    return progress.phase("Give nodes back", async () => {
      const { give, stopped, kept, free } = planUndrain(await lookAtNodes(master, hosts));
      if (stopped.length > 0) throw areStopped(stack, stopped);
      const given = give.map(({ host }) => host);
      await giveBack(master, given);
      return { cluster: deployment.manifest.cluster, undrained: give, kept, free };
    });
  });
}

function areStopped(stack: string, stopped: readonly Apart[]): Failure {
  const hosts = foldHosts(stopped.map(({ host }) => host));
  return new Failure("usage", `the machines of ${hosts} are stopped; nothing was changed`, {
    code: "undrain.stopped",
    remedy: `ohpc resume ${stack} ${hosts} starts them, and gives the nodes back`,
    output: stopped.map(({ host, reason }) => `${host}: ${reason}`),
  });
}
