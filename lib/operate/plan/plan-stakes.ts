import type { Consequences } from "../configure/consequences";
import { describePeople, stakesOf } from "../configure/consequences";
import { hitsOfLosses, lossLines, queueLines } from "../deploy/losses";
import { NOW, type Treatment } from "../feedback/treatment";
import type { Manifest } from "../../model/manifest";
import { describeUnreadable, type Job, type JobsSeen } from "../scheduler/jobs";
import { describeHits, type Hit } from "../scheduler/jobs-hit";
import { treated } from "../scheduler/treated";
import { machinesTaken, type PlannedChange } from "../terraform/plan";

/** What a whole plan takes, from its machines to its users. */
export interface PlanStakes {
  /** Scopes that somebody has to agree to lose; empty: nothing is lost. */
  readonly scopes: readonly string[];
  readonly lines: readonly string[];
  readonly hits: readonly Hit[];
  readonly uncovered: readonly Hit[];
  readonly users: readonly string[];
  readonly unknown: readonly string[];
}

export interface StakesInput {
  readonly losses: readonly PlannedChange[];
  /** Of what is there now. */
  readonly manifest: Manifest | undefined;
  readonly consequences: Consequences | undefined;
  readonly seen: JobsSeen;
  readonly treatment: Treatment;
}

/** The worst comes first; of a job that is hit twice it counts. */
const ORDER: readonly Hit["fate"][] = ["cancelled", "ends", "requeues", "waits", "waited"];

/** Every job is told once, by the worst that happens to it. Pure. */
export function planStakes({ losses, manifest, consequences, seen, treatment }: StakesInput): PlanStakes {
  const jobs: readonly Job[] = "unknown" in seen ? [] : seen.jobs;
  const bySlurm = consequences === undefined ? undefined : stakesOf(consequences, seen, new Set(), NOW);
  const all = worstOf([...hitsOfLosses(losses, manifest, jobs), ...(bySlurm?.hits ?? [])]);
  const { hits, uncovered } = treated(all, treatment, jobs);
  const lost = hits.filter(({ fate }) => fate !== "waited");
  const people = consequences === undefined ? [] : describePeople(consequences, jobs);
  const machines = machinesTaken(losses);
  const blind = "unknown" in seen ? [seen.unknown] : [];
  const asksBlindly = blind.length > 0 && (machines.length > 0 || (bySlurm?.scopes.length ?? 0) > 0);
  const scopes = new Set([
    ...machines.map((host) => `node ${host}`),
    ...losses.filter(({ kind }) => kind !== "machine").map(({ kind, name }) => `${kind} ${name}`),
    ...(bySlurm?.scopes ?? []).filter((scope) => !/^(node|partition) /.test(scope)),
    ...lost.map(({ scope }) => scope),
  ]);
  const nothing = scopes.size === 0;
  return {
    scopes: [...scopes],
    lines: nothing
      ? []
      : [
          ...lossLines(losses),
          ...people,
          ...(hits.length === 0 && machines.length > 0 && blind.length === 0 ? ["no job runs on these machines"] : []),
          ...describeHits(hits),
          ...(asksBlindly ? blind : []),
          ...("unknown" in seen ? [] : describeUnreadable(seen)),
          ...(machines.length > 0 ? queueLines(losses, manifest, jobs) : []),
        ],
    hits,
    uncovered,
    users:
      consequences === undefined ? [] : [...consequences.going, ...consequences.renumbered].map(({ name }) => name),
    unknown: asksBlindly ? [] : blind,
  };
}

function worstOf(hits: readonly Hit[]): readonly Hit[] {
  const worst = new Map<string, Hit>();
  for (const hit of [...hits].sort((a, b) => ORDER.indexOf(a.fate) - ORDER.indexOf(b.fate))) {
    if (!worst.has(hit.job.id)) worst.set(hit.job.id, hit);
  }
  return [...worst.values()];
}
