import { MASTER_PATIENCE, masterOf } from "../access/master";
import type { Treatment } from "../feedback/treatment";
import type { Progress } from "../feedback/progress";
import { lockMaster, lockOwner } from "../lock/lock";
import { closeScope } from "../scheduler/close";
import { jobsSeen } from "../scheduler/jobs";
import { waitUntilOver } from "../scheduler/settle";
import { machinesTaken, type PlannedChange } from "../terraform/plan";
import type { Ahead } from "./look-ahead";
import { planStakes, type PlanStakes } from "./plan-stakes";

/**
 * Closes all that a plan takes to new jobs, and waits until its jobs are over, before anything else is done. What is closed
 * stays so: whatever comes next takes it away, or gives it back.
 *
 * @throws Failure of kind `consent` where jobs are not over in time; then all is open again
 */
export async function settleAhead(
  { access, consequences }: Ahead,
  losses: readonly PlannedChange[],
  stakes: PlanStakes,
  { treatment, command }: { readonly treatment: Treatment; readonly command: string },
  progress: Progress,
): Promise<void> {
  if (treatment.kind !== "wait" || access === undefined) return;
  if (!stakes.hits.some(({ fate }) => fate === "waited")) return;
  const { manifest } = access;
  const { scopes, restarted = [] } = consequences?.slurm ?? {};
  const nodes = new Set([...machinesTaken(losses), ...(scopes?.going ?? []), ...restarted]);
  nodes.delete(manifest.master.host);
  const master = masterOf(access, MASTER_PATIENCE);
  await progress.phase("Wait for jobs", async (report) => {
    const lock = await lockMaster(manifest.cluster, master, lockOwner(command));
    try {
      const scope = { partitions: scopes?.partitions ?? [], nodes: [...nodes], runsOut: true };
      const closed = await closeScope(master, scope, "until jobs are over");
      try {
        await waitUntilOver(
          async () => {
            const seen = await jobsSeen(master);
            if ("unknown" in seen) return undefined;
            return planStakes({ losses, manifest, consequences, seen, treatment }).hits;
          },
          treatment,
          report,
        );
      } catch (error) {
        await closed.open();
        throw error;
      }
    } finally {
      await lock.release();
    }
  });
}
