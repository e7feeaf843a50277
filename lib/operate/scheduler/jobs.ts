import { expandHosts } from "../../slurm/hostlist";
import type { Remote } from "../exec/remote/remote";

/** A job that is not over. */
export interface Job {
  readonly id: string;
  readonly user: string;
  /** As Slurm calls it: `RUNNING`, `PENDING`… */
  readonly state: string;
  readonly name: string;
  /** Where it runs; none while it waits. */
  readonly hosts: readonly string[];
}

/** All jobs that are not over, as the master tells them. */
export async function unfinishedJobs(master: Remote): Promise<readonly Job[]> {
  return readJobs(await master.run("squeue --all --noheader --format='%i|%u|%T|%N|%j'"));
}

export function readJobs(printed: string): readonly Job[] {
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      // A job's name comes last: it may hold anything.
      const [id = "", user = "", state = "", nodes = "", ...name] = line.split("|");
      return { id, user, state, name: name.join("|"), hosts: expandHosts(nodes) };
    });
}

/** Jobs that would end if these hosts went. */
export function jobsOn(jobs: readonly Job[], hosts: readonly string[]): readonly Job[] {
  const lost = new Set(hosts);
  return jobs.filter((job) => job.hosts.some((host) => lost.has(host)));
}

/** One line for people: `12 alice RUNNING cpu-1,cpu-2 train`. */
export function describeJob({ id, user, state, hosts, name }: Job): string {
  return [id, user, state, hosts.join(","), name].filter((word) => word !== "").join(" ");
}
