import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hostKeySource } from "../access/host-key-source";
import { pinNodes } from "../access/host-keys";
import { renderKnownHosts } from "../access/known-hosts";
import { renewedHostKeys } from "../access/renewed-host-keys";
import { type Deployment, openDeployment } from "../cluster/deployment";
import { RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { nodesOf } from "../hosts/nodes";
import type { Place } from "../stack/project";

/**
 * The text of a known_hosts file with the host keys of all machines of a stack: the committed ones brought up to date
 * if there are, else those that this machine has pinned.
 *
 * @throws Failure if there are none
 */
export async function stackKnownHosts(stack: string, place: Place, progress: Progress): Promise<string> {
  const deployment = await openDeployment(stack, place);
  const { manifest, knownHosts } = deployment;
  const pinned =
    knownHosts === undefined
      ? await pinnedHere(deployment, progress)
      : await renewedHostKeys(deployment, knownHosts, hostKeySource(manifest, place.env), progress);
  return renderKnownHosts(manifest, pinned);
}

/** The host keys that this machine knows by itself, with those of nodes that it did not know yet. */
async function pinnedHere(deployment: Deployment, progress: Progress): Promise<string> {
  const { manifest, privateDirectory, stack } = deployment;
  const pinned = join(privateDirectory, "known_hosts");
  if (!existsSync(pinned)) {
    throw new Failure("failed", `no host keys of ${manifest.cluster} are pinned on this machine`, {
      code: "known-hosts.none",
      remedy: `whoever made the cluster has them: ohpc known-hosts ${stack.name} --out ${stack.name}.known_hosts`,
    });
  }
  try {
    await pinNodes(deployment, nodesOf(manifest));
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    progress.note("nodes that are not known yet are left out: the master cannot be asked");
  }
  return readFileSync(pinned, "utf8");
}
