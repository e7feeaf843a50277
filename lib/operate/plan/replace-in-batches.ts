import { setTimeout as sleep } from "node:timers/promises";
import type { Manifest } from "../../model/manifest";
import { foldHosts } from "../../slurm/hostlist";
import type { Duration } from "../../units";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import { applyDeployment } from "../deploy/apply-deployment";
import { planDeployment, type PlannedDeployment } from "../deploy/deployment-plan";
import type { Remote } from "../exec/remote/remote";
import type { Consenter } from "../feedback/consent";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Progress, Report } from "../feedback/progress";
import { STOP_REASON, undrain } from "../scheduler/drain";
import { clusterStatus } from "../scheduler/status";
import type { PlannedChange } from "../terraform/plan";
import { discardPlan } from "./agree";
import type { PreparedStack } from "./prepare-stack";

export interface BatchOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly consenter: Consenter;
  readonly command: string;
  /** Scopes that somebody has agreed to lose. */
  readonly agreed: ReadonlySet<string>;
  /** How long nodes may take to come back. */
  readonly limit: Duration;
}

/** A machine that is to be made anew. */
export interface Anew {
  readonly name: string;
  readonly address: string;
  /** Whether Terraform would do so only because it is told to. */
  readonly onRequest: boolean;
}

/**
 * Makes the nodes anew that a plan replaces, some at a time; what else there is to do is planned again then. With fewer nodes
 * than a batch has there is nothing to do here.
 *
 * @returns what is left of the plan, and what was replaced
 * @throws Failure if a node does not come back: those after it are as they were
 */
export async function replaceInBatches(
  prepared: PreparedStack,
  options: BatchOptions & {
    /** How many nodes are made anew at a time. @default - all */
    readonly batch?: number | undefined;
  },
  progress: Progress,
): Promise<{ readonly planned: PlannedDeployment; readonly replaced: readonly PlannedChange[] }> {
  const { project, stack, platform, planned } = prepared;
  const { access, verdict } = planned;
  const { batch, env } = options;
  const anew = verdict.changes.filter(
    ({ action, kind, name }) => action === "replace" && kind === "machine" && name !== access?.manifest.master.host,
  );
  if (batch === undefined || anew.length <= batch) return { planned, replaced: [] };
  discardPlan(planned);
  const machines = anew.map(({ name, address, reason }) => ({ name, address, onRequest: reason === BY_REQUEST }));
  await makeAnew(prepared, machines, batch, options, progress);
  return { planned: await planDeployment(stack, platform, { project, env }, progress), replaced: anew };
}

/**
 * Makes machines anew, so many at a time, each batch until it takes jobs again.
 *
 * @throws Failure if one does not come back: those after it are as they were
 */
export async function makeAnew(
  { project, stack, platform, planned: { access } }: PreparedStack,
  machines: readonly Anew[],
  batch: number,
  { env, consenter, command, agreed, limit }: BatchOptions,
  progress: Progress,
): Promise<void> {
  const total = Math.ceil(machines.length / batch);
  for (let k = 0; k < total; k++) {
    const some = machines.slice(k * batch, (k + 1) * batch);
    const hosts = some.map(({ name }) => name);
    const targets = some.map(({ address }) => address);
    const replace = some.filter(({ onRequest }) => onRequest).map(({ address }) => address);
    if (total > 1) progress.note(`batch ${k + 1} of ${total}: ${foldHosts(hosts)}`);
    const part = await planDeployment(stack, platform, { project, env, scope: { targets, replace } }, progress);
    refuseOthers(part, hosts);
    await applyDeployment(part, { env, consenter, platform, command, agreed }, progress);
    if (access === undefined) continue;
    const nodes = hosts.filter((host) => host !== access.manifest.master.host);
    if (nodes.length === 0) continue;
    await progress.phase(`${foldHosts(nodes)} back`, async (report) =>
      nodesBack(access.manifest, masterOf(access, MASTER_PATIENCE), nodes, limit, report),
    );
  }
}

/** Terraform's word for what `-replace` names. */
const BY_REQUEST = "replace_by_request";

/** What comes between the plan that somebody agreed to and this batch is not theirs to lose. */
function refuseOthers(part: PlannedDeployment, hosts: readonly string[]): void {
  const others = part.verdict.losses.filter(({ kind, name }) => kind !== "machine" || !hosts.includes(name));
  if (others.length === 0) return;
  discardPlan(part);
  throw new Failure("failed", "Terraform would change more than was planned", {
    code: "plan.moved",
    cause: `it would ${others[0]?.action ?? "change"} ${others.map(({ name }) => name).join(", ")}`,
    remedy: "something has changed meanwhile: look at the plan again",
  });
}

const PAUSE_MS = 1000;

/** Waits until nodes take jobs again: their own units say that they are ready, and Slurm hears of them. */
async function nodesBack(
  manifest: Manifest,
  master: Remote,
  hosts: readonly string[],
  limit: Duration,
  report: Report,
): Promise<void> {
  const deadline = Date.now() + limit.toMilliseconds();
  for (;;) {
    const { nodes } = await clusterStatus(manifest, master);
    const mine = nodes.filter(({ host }) => hosts.includes(host));
    const ready = mine.filter(({ unit }) => "ok" in unit && unit.ok);
    const ours = ready.filter(({ slurm }) => slurm?.reason?.startsWith(STOP_REASON) === true);
    await undrain(
      master,
      ours.map(({ host }) => host),
    );
    const back = ready.filter(({ slurm }) => slurm?.responds === true && /^(idle|mixed|alloc|drain)/.test(slurm.state));
    const late = mine.filter((node) => !back.includes(node) || ours.includes(node));
    if (late.length === 0) return;
    report.title(`${foldHosts(hosts)} back: ${mine.length - late.length} of ${mine.length}`);
    if (Date.now() > deadline) {
      throw new Failure("failed", `${count(late.length, "node")} not back after ${limit.toSeconds()} s`, {
        code: "nodes.late",
        remedy: "`ohpc status` shows how far each came; nodes after them are as they were",
        output: late.map(
          ({ host, unit, slurm }) =>
            `${host}: ${"ok" in unit ? `${unit.stage}: ${unit.message}` : unit.unreachable}; in Slurm ${slurm?.state ?? "unknown"}`,
        ),
      });
    }
    await sleep(PAUSE_MS);
  }
}
