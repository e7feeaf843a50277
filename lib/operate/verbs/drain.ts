import { foldHosts } from "../../slurm/hostlist";
import type { Duration } from "../../units";
import { masterOf } from "../access/master";
import { openDeployment } from "../cluster/deployment";
import type { Remote } from "../exec/remote/remote";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { durationWords } from "../feedback/treatment";
import { type HostChoice, typed } from "../hosts/chosen-hosts";
import { namedNodes } from "../hosts/chosen-nodes";
import { withCommandLock } from "../lock/command-lock";
import { operator } from "../scheduler/drain";
import { type Job, jobsOn, listJobs, unfinishedJobs, withNames } from "../scheduler/jobs";
import { type Apart, lookAtNodes, planDrain, reasonOf, setApart } from "../scheduler/set-apart";
import { type StillThere, untilFree } from "../scheduler/until-free";
import type { Place } from "../stack/project";

export interface DrainNodesOptions extends HostChoice {
  readonly stack: string;
  readonly place: Place;
  /** In the operator's own words. */
  readonly reason: string;
  /** Whether it replaces the reasons of nodes that somebody has drained already. */
  readonly force: boolean;
  /** How long to wait until no job runs there; absent: not at all. */
  readonly wait?: Duration | undefined;
}

export interface DrainedNodes {
  readonly cluster: string;
  /** Nodes that are set apart now, and were not for that reason. */
  readonly drained: readonly string[];
  /** What Slurm has for them: the words of the operator, and who that is. */
  readonly reason: string;
  /** Of those, what was said before of nodes that were set apart already. */
  readonly overruled: readonly Apart[];
  /** Nodes that were drained before, and are left as they are. */
  readonly kept: readonly Apart[];
  /** Jobs that still run on all these nodes. */
  readonly jobs: readonly Job[];
}

/**
 * Sets nodes apart in Slurm, as people do: what runs there goes on, nothing new begins. Those that are drained already keep
 * their reason. Its lock is free while it waits for jobs.
 *
 * @throws Failure, e.g. where jobs still run when the time to wait is over; nodes stay drained
 */
export async function drainNodes(options: DrainNodesOptions, progress: Progress): Promise<DrainedNodes> {
  const { stack, place, force, wait } = options;
  const reason = reasonOf(options.reason, operator());
  const command = ["ohpc drain", stack, ...typed(options)].join(" ");
  const { cluster, master, hosts, ...done } = await withCommandLock(place.env, command, async (commandLock) => {
    const deployment = await openDeployment(stack, place);
    await commandLock.lockCluster(deployment.stack);
    const { manifest } = deployment;
    const chosen = namedNodes(manifest, options);
    const opened = masterOf(deployment);
    return progress.phase(`Drain ${count(chosen.length, "node")}`, async () => {
      const { drain, kept, overruled } = planDrain(await lookAtNodes(opened, chosen), reason, force);
      await setApart(opened, drain, reason);
      return { cluster: manifest.cluster, master: opened, hosts: chosen, drained: drain, kept, overruled };
    });
  });
  if (wait !== undefined) await waitForJobs(master, hosts, wait, progress);
  const jobs = wait === undefined ? jobsOn((await unfinishedJobs(master)).jobs, hosts) : [];
  return { cluster, reason, ...done, jobs: await withNames(master, jobs) };
}

async function waitForJobs(
  master: Remote,
  hosts: readonly string[],
  limit: Duration,
  progress: Progress,
): Promise<void> {
  const nodes = foldHosts(hosts);
  await progress.phase(`Wait for the jobs on ${nodes}`, async (report) => {
    const onSeen = (seen: StillThere): void => {
      if ("unknown" in seen) report.detail(seen.unknown);
      else if (seen.jobs.length > 0) {
        report.title(`Wait for the jobs on ${nodes}: ${seen.jobs.length} left`);
        report.detail(seen.jobs.map(({ id, user }) => `${id} ${user}`).join(", "));
      }
    };
    const left = await untilFree(master, hosts, { limit, onSeen });
    if (left.length > 0) {
      throw new Failure("failed", `after ${durationWords(limit)} jobs still run on ${nodes}`, {
        code: "drain.jobs-run",
        remedy: "the nodes stay drained: run it again to wait on, or end the jobs (scancel ID)",
        output: listJobs(left),
      });
    }
    report.title(`No job runs on ${nodes} any more`);
  });
}
