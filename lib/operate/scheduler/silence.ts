import { RemoteError } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";

/** What timeout(1) ends with. */
const TIMED_OUT = 124;

/** What to throw where a script that asked slurmctld failed: one that was waited for in vain is told as that. */
export function orSilence(error: unknown, host: string): unknown {
  return error instanceof RemoteError && error.exitCode === TIMED_OUT ? slurmctldSilent(host) : error;
}

/** A slurmctld that runs and does not answer: nobody who asks it hears anything, and waiting for it takes a minute each time. */
export function slurmctldSilent(host: string): Failure {
  return new Failure("failed", `${host}: slurmctld runs and does not answer`, {
    code: "slurmctld.silent",
    remedy:
      "look at it (ohpc ssh, then systemctl status slurmctld and /var/log/slurm/slurmctld.log); systemctl restart slurmctld starts it anew, jobs run on",
  });
}
