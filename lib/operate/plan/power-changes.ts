import type { PoweredMachine } from "../../clouds/power";
import { foldHosts } from "../../slurm/hostlist";
import { count } from "../feedback/count";
import type { Treatment } from "../feedback/treatment";
import { describeUnreadable, type Job, type JobsSeen } from "../scheduler/jobs";
import { describeHits, type Hit, jobsHitByMachines } from "../scheduler/jobs-hit";
import { treated } from "../scheduler/treated";
import { type ChangePlan, changePlanOf, machineOf } from "./change-plan";
import { waitLines } from "./wait-lines";

export interface PowerChangesInput {
  readonly stack: string;
  readonly cluster: string;
  readonly command: string;
  readonly treatment: Treatment;
  /** Machines that are to be stopped or ended; the master is among them where the whole cluster is. */
  readonly machines: readonly PoweredMachine[];
  readonly seen: JobsSeen;
}

/** What stopping machines does to a cluster. Pure. */
export function stopChanges({ stack, cluster, command, treatment, machines, seen }: PowerChangesInput): ChangePlan {
  const nodes = machines.filter(({ role }) => role === "compute").map(({ host }) => host);
  const spot = machines.filter((machine) => machine.spot).map(({ host }) => host);
  const head = machines.find(({ role }) => role === "master");
  const { hits, uncovered } = hitsOfStop(seen, nodes, treatment);
  const others = hits.filter(({ fate }) => fate !== "waited" && fate !== "waits").length;
  return changePlanOf({
    stack,
    cluster,
    command,
    unknown: [],
    resources: machines.map(({ host, spot: ends }) =>
      ends ? machineOf(host, "end", "replace node") : machineOf(host, "stop", "drain and restart slurmd"),
    ),
    stakes: {
      scopes: nodes.map((host) => `node ${host}`),
      lines: describeStop(seen, spot, nodes, head !== undefined, treatment),
      hits,
      uncovered,
      users: [],
      unknown: "unknown" in seen ? [seen.unknown] : [],
    },
    nodes,
    order: [
      ...(nodes.length === 0 || "unknown" in seen ? [] : [`Slurm: drain ${foldHosts(nodes)}`]),
      ...waitLines(hits, treatment),
      ...(others === 0 ? [] : [`end ${count(others, "job")}: those that may be requeued start anew later`]),
      ...(nodes.length === 0 ? [] : [`stop ${foldHosts(nodes)}`]),
      ...(head === undefined ? [] : [`stop ${head.host}`]),
    ],
  });
}

/** What starting machines does. Pure. */
export function resumeChanges({
  stack,
  cluster,
  command,
  master,
  sleeping,
}: Pick<PowerChangesInput, "stack" | "cluster" | "command"> & {
  /** Its name, if it is to be started. */
  readonly master: string | undefined;
  readonly sleeping: readonly string[];
}): ChangePlan {
  const starting = [...(master === undefined ? [] : [master]), ...sleeping];
  return changePlanOf({
    stack,
    cluster,
    command,
    unknown: [],
    resources: starting.map((host) => machineOf(host, "start", "live")),
    stakes: { scopes: [], lines: [], hits: [], uncovered: [], users: [], unknown: [] },
    order: [
      ...(master === undefined ? [] : [`start ${master}, and wait until it answers`]),
      ...(sleeping.length === 0 ? [] : [`start ${foldHosts(sleeping)}`]),
      ...(starting.length === 0 ? [] : ["Slurm: give back what ohpc stop drained; every node answers an srun"]),
    ],
  });
}

/** What people have to know before machines are stopped; nothing where nothing is lost. Pure. */
export function describeStop(
  seen: JobsSeen,
  spot: readonly string[],
  nodes: readonly string[],
  all: boolean,
  treatment: Treatment = { kind: "now" },
): readonly string[] {
  const ended =
    spot.length === 0
      ? []
      : [`${count(spot.length, "spot machine")} would be ended, with what is on their own disks: ${foldHosts(spot)}`];
  if ("unknown" in seen) return [...ended, seen.unknown];
  const { hits } = hitsOfStop(seen, nodes, treatment);
  const lost = hits.some(({ fate }) => fate !== "waited");
  const waiting = seen.jobs.filter(({ state }) => state === "PENDING").length;
  const unreadable = describeUnreadable(seen);
  if (ended.length + unreadable.length === 0 && !lost) return [];
  return [
    ...ended,
    ...(hits.length === 0 ? ["no job runs on these machines"] : describeHits(hits)),
    ...unreadable,
    ...(all && waiting > 0 ? [`jobs that wait in the queue: ${waiting}, which stay in it`] : []),
  ];
}

function hitsOfStop(
  seen: JobsSeen,
  nodes: readonly string[],
  treatment: Treatment,
): { readonly hits: readonly Hit[]; readonly uncovered: readonly Hit[] } {
  const jobs: readonly Job[] = "unknown" in seen ? [] : seen.jobs;
  return treated(jobsHitByMachines(jobs, { forGood: [], anew: nodes }), treatment, jobs);
}
