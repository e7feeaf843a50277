import { Failure } from "../feedback/failure";

/** A slurmctld that runs and does not answer: nobody who asks it hears anything, and waiting for it takes a minute each time. */
export function slurmctldSilent(host: string): Failure {
  return new Failure("failed", `${host}: slurmctld runs and does not answer`, {
    code: "slurmctld.silent",
    remedy:
      "look at it (ohpc ssh, then systemctl status slurmctld and /var/log/slurm/slurmctld.log); systemctl restart slurmctld starts it anew, jobs run on",
  });
}
