import type { Manifest } from "../../model/manifest";
import { foldHosts } from "../../slurm/hostlist";
import { pinMasterFromConsole } from "../access/host-keys";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import type { MasterAccess } from "../access/master-access";
import { count } from "../feedback/count";
import { describeUnreadable, type Job, jobsSeen, type JobsSeen } from "../scheduler/jobs";
import { describeHits, type Hit, jobsHitByMachines } from "../scheduler/jobs-hit";
import { machinesIn, type PlannedChange } from "../terraform/plan";

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
  const lines = (["machine", "disk", "network", "other"] as const).flatMap((kind) =>
    (["replace", "delete"] as const).flatMap((action) => groupLine(kind, action, losses)),
  );
  const machines = losses.filter(({ kind }) => kind === "machine").map(({ name }) => name);
  if (machines.length === 0) return lines;
  if ("unknown" in seen) return [...lines, seen.unknown];

  const masterGoes = manifest !== undefined && machines.includes(manifest.master.host);
  // Whoever loses the state disk loses everything that Slurm knows.
  const stateGoes = masterGoes && losses.some(({ kind }) => kind === "disk");
  const seenHits = hitsOf(losses, seen.jobs);
  // Without a queue there is nothing to go back to, and all that waits is lost anyway.
  const hits = stateGoes
    ? seenHits
        .filter(({ job }) => job.hosts.length > 0)
        .map((hit) => ({ ...hit, fate: "ends" as const, why: "their nodes go" }))
    : seenHits;
  const hit = new Set(hits.map(({ job }) => job));
  const waiting = seen.jobs.filter((job) => job.state === "PENDING" && !hit.has(job)).length;
  return [
    ...lines,
    ...(hits.length === 0 ? ["no job runs on these machines"] : describeHits(hits)),
    ...describeUnreadable(seen),
    ...(waiting === 0
      ? []
      : [`jobs that wait in the queue: ${waiting}${stateGoes ? ", which would be lost" : ", which stay in it"}`]),
    ...(masterGoes && !stateGoes ? ["queue, accounts and job history are on the state disk, and stay"] : []),
  ];
}

function hitsOf(losses: readonly PlannedChange[], jobs: readonly Job[]): readonly Hit[] {
  return jobsHitByMachines(jobs, { forGood: machinesIn(losses, ["delete"]), anew: machinesIn(losses, ["replace"]) });
}

function groupLine(
  kind: "machine" | "disk" | "network" | "other",
  action: "replace" | "delete",
  losses: readonly PlannedChange[],
): string[] {
  const names = losses.filter((loss) => loss.kind === kind && loss.action === action).map(({ name }) => name);
  if (names.length === 0) return [];
  const [noun, aftermath] = NOUNS[kind];
  const who = kind === "machine" ? foldHosts(names) : names.join(", ");
  const fate = action === "replace" ? "would be replaced" : "would be destroyed";
  return [`${count(names.length, noun)} ${fate}${aftermath}: ${who}`];
}

const NOUNS = {
  machine: ["machine", ""],
  disk: ["disk", " with all data"],
  network: ["network", " with all machines in it"],
  other: ["resource", ""],
} as const;
