import { type PoweredMachine, PowerError, waitForState } from "../../clouds/power";
import type { Manifest } from "../../model/manifest";
import { foldHosts } from "../../slurm/hostlist";
import { Duration } from "../../units";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import { type Deployment, openDeployment } from "../cluster/deployment";
import type { Remote } from "../exec/remote/remote";
import type { SshRemote } from "../exec/remote/ssh-remote";
import { agree, type Consenter } from "../feedback/consent";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { NOW, typedTreatment } from "../feedback/treatment";
import { chosenHosts, type HostChoice, typed } from "../hosts/chosen-hosts";
import { type CommandLock, withCommandLock } from "../lock/command-lock";
import { lockMaster, lockOwner } from "../lock/lock";
import type { ChangePlan } from "../plan/change-plan";
import { describeStop, stopChanges } from "../plan/power-changes";
import { ClusterPower } from "../power/cluster-power";
import { drain, operator, undrain } from "../scheduler/drain";
import { type Job, jobsOn, jobsSeen, type JobsSeen } from "../scheduler/jobs";
import { refuseUncovered } from "../scheduler/treated";
import type { Place } from "../stack/project";

export interface StopOptions extends HostChoice {
  readonly stack: string;
  readonly place: Place;
  readonly consenter: Consenter;
  /** The master, too. */
  readonly all: boolean;
  /** Ends spot machines, which cannot be stopped. */
  readonly endSpot: boolean;
  /** How long machines may take to stop. @default 10 minutes */
  readonly limit?: Duration;
}

export interface Stopped {
  readonly cluster: string;
  readonly stopped: readonly string[];
  /** Spot machines that are no more. */
  readonly ended: readonly string[];
  /** Machines that were stopped before. */
  readonly already: readonly string[];
  /** Jobs that ran there; those with `requeue` are back in the queue. */
  readonly jobs: readonly Job[];
}

/**
 * Stops machines of a cluster: nodes are drained in Slurm, then stopped; the master comes last. Disks and addresses stay.
 *
 * @throws Failure, e.g. of kind `consent`
 * @throws PowerError naming the machines that did not stop
 */
export async function stop(options: StopOptions, progress: Progress): Promise<Stopped> {
  const { place, consenter, all, limit = Duration.minutes(10) } = options;
  const command = stopCommand(options);
  const owner = lockOwner(command);
  const { treatment = NOW } = consenter;
  return withCommandLock(place.env, command, async (commandLock) => {
    const looked = await lookBeforeStop(options, commandLock, progress);
    const { deployment, power, master, awake, compute, already, seen, plan } = looked;
    const { cluster } = deployment.manifest;
    if (awake.length === 0) return { cluster, stopped: [], ended: [], already, jobs: [] };

    const spot = namesOf(awake.filter((machine) => machine.spot));
    const workers = awake.filter(({ role }) => role === "compute");
    const again = `${command} --yes`;
    const question = `Stop ${all ? cluster : foldHosts(compute)}?`;
    refuseUncovered(plan.uncovered, treatment);
    await agreeTo(plan.asks, consenter, question, again);
    const asked = plan.asks.length > 0;

    // A master that nobody can ask may be stopped already: then there is nobody to be told, either.
    const held = "unknown" in seen ? undefined : await lockMaster(cluster, master, owner);
    let ended: readonly Job[] = [];
    try {
      if ("unknown" in seen) progress.note(`Slurm was not told: ${seen.unknown}`);
      if (held !== undefined) {
        ended = await progress.phase("Drain the nodes", async (report) =>
          drain(master, compute, {
            why: `by ${operator()}`,
            agreed: "unknown" in seen ? [] : seen.jobs,
            treatment,
            report,
            // Whoever agreed to lose what is on these nodes has agreed to what has come meanwhile.
            agreeTo: async (fresh) =>
              asked
                ? undefined
                : agreeTo(describeStop({ jobs: fresh }, [], compute, false), consenter, question, again),
          }),
        );
      }
      try {
        const title = `Stop ${count(workers.length, "node")}`;
        if (workers.length > 0) await switchOff(power, workers, title, limit, progress);
      } catch (error) {
        if (held !== undefined) await runAgain(power, master, compute);
        throw error;
      }
    } finally {
      await held?.release();
      await master.close();
    }
    const head = awake.find(({ role }) => role === "master");
    if (head !== undefined) await switchOff(power, [head], "Stop the master", limit, progress);
    return {
      cluster,
      stopped: namesOf(awake).filter((host) => !spot.includes(host)),
      ended: spot,
      already,
      jobs: ended,
    };
  });
}

/**
 * What `stop` would do, found by looking only.
 *
 * @throws Failure
 */
export async function planStop(options: StopOptions, progress: Progress): Promise<ChangePlan> {
  return withCommandLock(options.place.env, `ohpc plan ${options.stack}`, async (commandLock) => {
    const { master, plan } = await lookBeforeStop(options, commandLock, progress);
    await master.close();
    return plan;
  });
}

interface BeforeStop {
  readonly deployment: Deployment;
  readonly power: ClusterPower;
  readonly master: SshRemote;
  /** Machines that run. */
  readonly awake: readonly PoweredMachine[];
  /** Those of them that are nodes. */
  readonly compute: readonly string[];
  readonly already: readonly string[];
  readonly seen: JobsSeen;
  readonly plan: ChangePlan;
}

async function lookBeforeStop(options: StopOptions, commandLock: CommandLock, progress: Progress): Promise<BeforeStop> {
  const { stack, place, consenter, all, endSpot } = options;
  const { treatment = NOW } = consenter;
  const deployment = await openDeployment(stack, place);
  await commandLock.lockCluster(deployment.stack);
  const { manifest } = deployment;
  const nodes = nodesToStop(manifest, options);
  const power = ClusterPower.of(manifest, place.env);
  const machines = await progress.phase("Look at the machines", async () => power.list());
  const asked = new Set(all ? [...nodes, manifest.master.host] : nodes);
  const chosen = machines.filter(({ host }) => asked.has(host));
  const awake = chosen.filter(({ state }) => state !== "stopped");
  const already = namesOf(chosen.filter(({ state }) => state === "stopped"));
  const spot = awake.filter((machine) => machine.spot);
  if (spot.length > 0 && !endSpot) throw cannotStop(namesOf(spot));
  const compute = namesOf(awake.filter(({ role }) => role === "compute"));
  const master = masterOf(deployment, MASTER_PATIENCE);
  const seen: JobsSeen = awake.length === 0 ? { jobs: [] } : await jobsSeen(master, (jobs) => jobsOn(jobs, compute));
  const plan = stopChanges({
    stack,
    cluster: manifest.cluster,
    command: stopCommand(options),
    treatment,
    machines: awake,
    seen,
  });
  return { deployment, power, master, awake, compute, already, seen, plan };
}

function stopCommand(options: StopOptions): string {
  const { stack, all, consenter, endSpot } = options;
  const flags = [...(all ? ["--all"] : []), ...(endSpot ? ["--end-spot"] : [])];
  return ["ohpc stop", stack, ...typed(options), ...flags, ...typedTreatment(consenter.treatment ?? NOW)].join(" ");
}

const PAUSE = Duration.seconds(1);

/** Stops machines and waits until they are stopped; spot ones are ended instead. */
async function switchOff(
  power: ClusterPower,
  machines: readonly PoweredMachine[],
  title: string,
  deadline: Duration,
  progress: Progress,
): Promise<void> {
  const stopping = namesOf(machines.filter(({ spot }) => !spot));
  const ending = namesOf(machines.filter(({ spot }) => spot));
  await progress.phase(title, async (report) => {
    await power.stop(stopping);
    if (ending.length > 0) await power.end(ending);
    await waitForState(power, stopping, "stopped", {
      deadline,
      pause: PAUSE,
      onProgress: (seen) => {
        if (seen.length > 1)
          report.title(`${title}: ${seen.filter(({ state }) => state === "stopped").length} stopped`);
      },
    });
  });
}

function nodesToStop(manifest: Manifest, { hosts, pools, all }: StopOptions): readonly string[] {
  if (all && hosts.length + pools.length > 0) {
    throw new Failure("usage", "--all is the whole cluster: name no hosts or pools beside it", { code: "usage.all" });
  }
  const chosen = chosenHosts(manifest, { hosts, pools });
  if (!chosen.includes(manifest.master.host)) return chosen;
  throw new Failure("usage", `without ${manifest.master.host} the nodes are of no use`, {
    code: "usage.master",
    remedy: "--all stops the whole cluster",
  });
}

async function agreeTo(lines: readonly string[], consenter: Consenter, question: string, again: string): Promise<void> {
  if (lines.length > 0) await agree(consenter, lines, question, again);
}

/** Machines that the vendor did not stop go on working. What cannot be told any more must not hide why. */
async function runAgain(power: ClusterPower, master: Remote, nodes: readonly string[]): Promise<void> {
  try {
    const running = (await power.list()).filter(({ host, state }) => state === "running" && nodes.includes(host));
    await undrain(master, namesOf(running));
  } catch {
    return;
  }
}

function namesOf(machines: readonly PoweredMachine[]): readonly string[] {
  return machines.map(({ host }) => host);
}

function cannotStop(hosts: readonly string[]): PowerError {
  return new PowerError(
    "spot",
    hosts,
    "spot machines cannot be stopped",
    "--end-spot ends them instead, with what is on their own disks; `ohpc up` makes them anew. Or name other hosts or pools",
  );
}
