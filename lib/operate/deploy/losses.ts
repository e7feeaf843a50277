import type { Manifest } from "../../model/manifest";
import { foldHosts } from "../../slurm/hostlist";
import { pinMasterFromConsole } from "../access/host-keys";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import type { MasterAccess } from "../access/master-access";
import { count } from "../feedback/count";
import { describeEnding, jobsOn, jobsSeen, type JobsSeen } from "../scheduler/jobs";
import type { PlannedChange } from "../terraform/plan";

/** The jobs of a cluster that may not even answer any more. */
export async function jobsAtStake(access: MasterAccess | undefined, env: NodeJS.ProcessEnv): Promise<JobsSeen> {
  if (access === undefined) return { jobs: [] };
  await pinMasterFromConsole(access, env);
  return jobsSeen(masterOf(access, MASTER_PATIENCE));
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

  const ending = jobsOn(seen.jobs, machines);
  const waiting = seen.jobs.filter(({ state }) => state === "PENDING").length;
  const masterGoes = manifest !== undefined && machines.includes(manifest.master.host);
  // Whoever loses the state disk loses everything that Slurm knows.
  const stateGoes = masterGoes && losses.some(({ kind }) => kind === "disk");
  return [
    ...lines,
    ...describeEnding(ending, !stateGoes),
    ...(waiting === 0
      ? []
      : [`jobs that wait in the queue: ${waiting}${stateGoes ? ", which would be lost" : ", which stay in it"}`]),
    ...(masterGoes && !stateGoes ? ["queue, accounts and job history are on the state disk, and stay"] : []),
  ];
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
