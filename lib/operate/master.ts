import type { Duration } from "../units";
import type { Deployment } from "./deployment";
import { SshRemote } from "./remote/ssh-remote";

/** The master of a deployed cluster, over SSH. */
export function masterOf(
  { manifest, privateDirectory, knownHosts }: Pick<Deployment, "manifest" | "privateDirectory" | "knownHosts">,
  patience?: Duration,
): SshRemote {
  const { host, access } = manifest.master;
  return SshRemote.to({
    host,
    access,
    privateDirectory,
    ...(knownHosts !== undefined && { knownHosts }),
    ...(patience !== undefined && { patience }),
  });
}
