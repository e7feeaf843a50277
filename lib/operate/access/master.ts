import { setTimeout as sleep } from "node:timers/promises";
import { Duration } from "../../units";
import { RemoteError } from "../exec/remote/remote";
import { SshRemote } from "../exec/remote/ssh-remote";
import type { MasterAccess } from "./master-access";

/** How long a master may take to answer, when nobody knows whether it is still there. */
export const MASTER_PATIENCE = Duration.seconds(3);

/** The master of a deployed cluster, over SSH. */
export function masterOf(
  { manifest, privateDirectory, knownHosts }: MasterAccess,
  patience?: Duration,
  learns = false,
): SshRemote {
  const { host, access } = manifest.master;
  return SshRemote.to({
    host,
    access,
    privateDirectory,
    knownHosts,
    patience,
    learns,
  });
}

/**
 * Waits until a master that has just been made answers: it is asked often, because everything else waits for it.
 *
 * @param goesOn whether anybody still waits for it
 * @throws RemoteError if it still does not after `limit`, or at once if it refuses us
 */
export async function masterAnswers(
  access: MasterAccess,
  limit: Duration,
  goesOn: () => boolean = () => true,
): Promise<void> {
  const master = masterOf(access, Duration.seconds(0));
  const deadline = Date.now() + limit.toMilliseconds();
  for (;;) {
    try {
      await master.run("true");
      return;
    } catch (error) {
      const healable = error instanceof RemoteError && error.failure === "unreachable";
      if (!healable || Date.now() > deadline || !goesOn()) throw error;
      await sleep(100);
    }
  }
}
