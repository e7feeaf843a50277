import { PowerError } from "../../clouds/power";
import { foldHosts } from "../../slurm/hostlist";
import { Duration } from "../../units";
import { masterAnswers, masterOf } from "../access/master";
import { type Deployment, openDeployment } from "../cluster/deployment";
import { count } from "../feedback/count";
import type { Progress } from "../feedback/progress";
import { chosenHosts, type HostChoice, typed } from "../hosts/chosen-hosts";
import { type CommandLock, withCommandLock } from "../lock/command-lock";
import type { ChangePlan } from "../plan/change-plan";
import { resumeChanges } from "../plan/power-changes";
import { ClusterPower } from "../power/cluster-power";
import { startMachines } from "../power/start-machines";
import { nodesReady, type Readiness } from "../scheduler/ready";
import type { Place } from "../stack/project";

export interface ResumeOptions extends HostChoice {
  readonly stack: string;
  readonly place: Place;
  /** How long machines may take to start, and then nodes until they are ready. @default 2 minutes on local clusters, 15 elsewhere */
  readonly limit?: Duration;
}

export interface Resumed {
  readonly cluster: string;
  readonly started: readonly string[];
  readonly readiness: Readiness;
}

/**
 * Starts machines of a cluster that are stopped, the master first, and waits until their nodes take jobs. Nodes that
 * somebody drained by hand stay drained.
 *
 * @throws PowerError naming the machines that could not be started; all others are, and take jobs
 */
export async function resume(options: ResumeOptions, progress: Progress): Promise<Resumed> {
  return withCommandLock(options.place.env, resumeCommand(options), async (commandLock) => {
    const { deployment, limit, power, head, headSleeps, nodes, sleeping, away } = await lookBeforeResume(
      options,
      commandLock,
      progress,
    );
    if (headSleeps) {
      await progress.phase("Start the master", async () => {
        await startMachines(power, [head], limit);
      });
    }
    // What cannot be had must not keep the others from working: it is told at the end.
    let failure = away;
    if (sleeping.length > 0) {
      await progress.phase(`Start ${count(sleeping.length, "node")}`, async () => {
        try {
          await startMachines(power, sleeping, limit);
        } catch (error) {
          if (!(error instanceof PowerError)) throw error;
          failure = error;
        }
      });
    }
    if (headSleeps) await progress.phase("Master answers", async () => masterAnswers(deployment, limit));
    const running = new Set(
      failure === undefined
        ? nodes
        : (await power.list())
            .filter(({ state }) => state === "running" || state === "starting")
            .map(({ host }) => host),
    );
    const waking = nodes.filter((host) => running.has(host));
    const readiness = await progress.phase("Nodes ready", async (report) =>
      nodesReady(masterOf(deployment, limit), deployment, limit, report, waking).catch((error: unknown) => {
        throw failure ?? error;
      }),
    );
    if (failure !== undefined) throw failure;
    const started = [...(headSleeps ? [head] : []), ...sleeping];
    return { cluster: deployment.manifest.cluster, started, readiness };
  });
}

/**
 * What `resume` would do, found by looking only.
 *
 * @throws Failure
 */
export async function planResume(options: ResumeOptions, progress: Progress): Promise<ChangePlan> {
  return withCommandLock(options.place.env, `ohpc plan ${options.stack}`, async (commandLock) => {
    const { away, deployment, head, headSleeps, sleeping } = await lookBeforeResume(options, commandLock, progress);
    const plan = resumeChanges({
      stack: options.stack,
      cluster: deployment.manifest.cluster,
      command: resumeCommand(options),
      master: headSleeps ? head : undefined,
      sleeping,
    });
    if (away === undefined) return plan;
    return { ...plan, unknown: [`${foldHosts(away.hosts)}: ${away.reason}; ${away.remedy}`] };
  });
}

interface BeforeResume {
  readonly deployment: Deployment;
  readonly limit: Duration;
  readonly power: ClusterPower;
  /** The master's name, and whether it is to be started. */
  readonly head: string;
  readonly headSleeps: boolean;
  /** Those that are meant, and those of them that are to be started. */
  readonly nodes: readonly string[];
  readonly sleeping: readonly string[];
  /** That some of them are no more. */
  readonly away: PowerError | undefined;
}

async function lookBeforeResume(
  options: ResumeOptions,
  commandLock: CommandLock,
  progress: Progress,
): Promise<BeforeResume> {
  const { stack, place } = options;
  const deployment = await openDeployment(stack, place);
  await commandLock.lockCluster(deployment.stack);
  const { manifest } = deployment;
  const local = manifest.sites.every(({ cloud }) => cloud === "local");
  const limit = options.limit ?? (local ? Duration.minutes(2) : Duration.minutes(15));
  const head = manifest.master.host;
  const nodes = chosenHosts(manifest, options).filter((host) => host !== head);
  const power = ClusterPower.of(manifest, place.env);
  const machines = await progress.phase("Look at the machines", async () => power.list());
  const asleep = (host: string) =>
    machines.some((machine) => machine.host === host && machine.state !== "running" && machine.state !== "starting");
  const gone = nodes.filter((host) => !machines.some((machine) => machine.host === host));
  return {
    deployment,
    limit,
    power,
    head,
    headSleeps: asleep(head),
    nodes,
    sleeping: nodes.filter(asleep),
    away: gone.length === 0 ? undefined : ended(gone),
  };
}

function resumeCommand(options: ResumeOptions): string {
  return ["ohpc resume", options.stack, ...typed(options)].join(" ");
}

function ended(hosts: readonly string[]): PowerError {
  return new PowerError("unknown host", hosts, "there is no such machine any more", "ohpc up makes it anew");
}
