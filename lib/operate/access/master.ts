import { setTimeout as sleep } from "node:timers/promises";
import { Duration } from "../../units";
import type { Deployment } from "../cluster/deployment";
import { RemoteError } from "../exec/remote/remote";
import { SshRemote } from "../exec/remote/ssh-remote";

export type Way = Pick<Deployment, "manifest" | "privateDirectory" | "knownHosts">;

/** The master of a deployed cluster, over SSH. */
export function masterOf(
  { manifest, privateDirectory, knownHosts }: Way,
  patience?: Duration,
  learns = false,
): SshRemote {
  const { host, access } = manifest.master;
  return SshRemote.to({
    host,
    access,
    privateDirectory,
    ...(knownHosts !== undefined && { knownHosts }),
    ...(patience !== undefined && { patience }),
    learns,
  });
}

/**
 * Waits until a master that has just been made answers: it is asked often, because everything else waits for it.
 *
 * @throws RemoteError if it still does not after `limit`, or at once if it refuses us
 */
export async function masterAnswers(way: Way, limit: Duration): Promise<void> {
  const master = masterOf(way, Duration.seconds(0));
  const deadline = Date.now() + limit.toMilliseconds();
  for (;;) {
    try {
      await master.run("true");
      return;
    } catch (error) {
      const healable = error instanceof RemoteError && error.failure === "unreachable";
      if (!healable || Date.now() > deadline) throw error;
      await sleep(150);
    }
  }
}
