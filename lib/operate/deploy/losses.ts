import type { Manifest } from "../../model/manifest";
import { foldHosts } from "../../slurm/hostlist";
import { pinMasterFromConsole } from "../access/host-keys";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import type { MasterAccess } from "../access/master-access";
import { count } from "../feedback/count";
import { describeUnreadable, type Job, jobsSeen, type JobsSeen } from "../scheduler/jobs";
import { describeHits, type Hit, jobsHitByMachines } from "../scheduler/jobs-hit";
import { machinesIn, machinesStopped, type PlannedChange } from "../terraform/plan";

/** The jobs of a cluster that may not even answer any more. */
export async function jobsAtStake(
  access: MasterAccess | undefined,
  losses: readonly PlannedChange[],
  env: NodeJS.ProcessEnv,
): Promise<JobsSeen> {
  if (access === undefined) return { jobs: [] };
  await pinMasterFromConsole(access, env);
  return jobsSeen(masterOf(access, MASTER_PATIENCE), (jobs) => hitsOf(losses, jobs).map(({ job }) => job));
}

/** What people have to know before machines, disks or networks go. Pure. */
export function describeLosses(
  losses: readonly PlannedChange[],
  manifest: Manifest | undefined,
  seen: JobsSeen,
): readonly string[] {
  const lines = lossLines(losses);
  if (!losses.some(({ kind }) => kind === "machine")) return lines;
  if ("unknown" in seen) return [...lines, seen.unknown];
  const hits = hitsOfLosses(losses, manifest, seen.jobs);
  return [
    ...lines,
    ...(hits.length === 0 ? ["no job runs on these machines"] : describeHits(hits)),
    ...describeUnreadable(seen),
    ...queueLines(losses, manifest, seen.jobs),
  ];
}

/** What goes, is made anew, or is stopped for a while, a line for each kind. Pure. */
export function lossLines(losses: readonly PlannedChange[]): readonly string[] {
  return (["machine", "disk", "attachment", "network", "other"] as const).flatMap((kind) =>
    (["replace", "delete", "update"] as const).flatMap((action) => groupLine(kind, action, losses)),
  );
}

/** The jobs that lose something by it. Pure. */
export function hitsOfLosses(
  losses: readonly PlannedChange[],
  manifest: Manifest | undefined,
  jobs: readonly Job[],
): readonly Hit[] {
  const hits = hitsOf(losses, jobs);
  if (!losesState(losses, manifest)) return hits;
  // Without a queue there is nothing to go back to, and all that waits is lost anyway.
  return hits
    .filter(({ job }) => job.hosts.length > 0)
    .map(({ job, scope }) => ({ job, scope, fate: "ends", why: "their nodes go" }));
}

/** What becomes of the queue. Pure. */
export function queueLines(
  losses: readonly PlannedChange[],
  manifest: Manifest | undefined,
  jobs: readonly Job[],
): readonly string[] {
  const hit = new Set(hitsOfLosses(losses, manifest, jobs).map(({ job }) => job));
  const waiting = jobs.filter((job) => job.state === "PENDING" && !hit.has(job)).length;
  const stateGoes = losesState(losses, manifest);
  return [
    ...(waiting === 0
      ? []
      : [`jobs that wait in the queue: ${waiting}${stateGoes ? ", which would be lost" : ", which stay in it"}`]),
    ...(!stateGoes && losesMaster(losses, manifest)
      ? ["queue, accounts and job history are on the state disk, and stay"]
      : []),
  ];
}

function losesMaster(losses: readonly PlannedChange[], manifest: Manifest | undefined): boolean {
  return manifest !== undefined && machinesIn(losses, ["replace", "delete"]).includes(manifest.master.host);
}

/** Whoever loses the state disk loses everything that Slurm knows. */
function losesState(losses: readonly PlannedChange[], manifest: Manifest | undefined): boolean {
  return losesMaster(losses, manifest) && losses.some(({ kind, action }) => kind === "disk" && action !== "update");
}

function hitsOf(losses: readonly PlannedChange[], jobs: readonly Job[]): readonly Hit[] {
  const anew = [...machinesIn(losses, ["replace"]), ...machinesStopped(losses)];
  return jobsHitByMachines(jobs, { forGood: machinesIn(losses, ["delete"]), anew });
}

function groupLine(
  kind: keyof typeof NOUNS,
  action: "replace" | "delete" | "update",
  losses: readonly PlannedChange[],
): string[] {
  const names = losses.filter((loss) => loss.kind === kind && loss.action === action).map(({ name }) => name);
  if (names.length === 0) return [];
  const [noun, aftermath] = NOUNS[kind];
  const who = kind === "machine" ? foldHosts(names) : names.join(", ");
  if (kind === "attachment")
    return [`${count(names.length, noun)} would be put in the place of what is mounted: ${who}`];
  if (action === "update") {
    const fate =
      kind === "machine" ? "would be stopped and started again" : "would be changed, and its machine stopped for that";
    return [`${count(names.length, noun)} ${fate}: ${who}`];
  }
  const fate = action === "replace" ? "would be replaced" : "would be destroyed";
  return [`${count(names.length, noun)} ${fate}${aftermath}: ${who}`];
}

const NOUNS = {
  machine: ["machine", ""],
  disk: ["disk", " with all data"],
  attachment: ["disk", ""],
  network: ["network", " with all machines in it"],
  other: ["resource", ""],
} as const;
