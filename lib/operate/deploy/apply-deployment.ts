import { PowerError } from "../../clouds/power";
import { forgetHostKeys, pinMasterFromConsole } from "../access/host-keys";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import { type MasterAccess, manifestIn } from "../access/master-access";
import { agree, type Consenter } from "../feedback/consent";
import { count } from "../feedback/count";
import type { Progress } from "../feedback/progress";
import type { JobsSeen } from "../scheduler/jobs";
import type { TerraformEvent } from "../terraform/events";
import { machinesIn, machinesTaken } from "../terraform/plan";
import { Terraform } from "../terraform/terraform";
import { applyPlan } from "./apply-plan";
import type { PlannedDeployment } from "./deployment-plan";
import { describeLosses, hitsOfLosses, jobsAtStake } from "./losses";
import type { Platform } from "./platform";
import { drainForRemoval, type Removal } from "./removal";
import { terminationProtection } from "./termination-protection";

/** What came of a plan. */
export interface AppliedDeployment {
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Hosts that had stopped, and run again. */
  readonly started: readonly string[];
  /** Why others do not: all else goes on without them. */
  readonly failure?: PowerError;
}

export interface ApplyOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly consenter: Consenter;
  readonly platform?: Platform | undefined;
  /** As it was typed: `ohpc up demo`. */
  readonly command: string;
  /** What somebody was asked about already, as scopes: `node cpu-3`. @default - it is asked about here */
  readonly agreed?: ReadonlySet<string> | undefined;
  /** Told what Terraform does, as it does it. */
  readonly onEvent?: ((event: TerraformEvent) => void) | undefined;
}

/**
 * Does what was planned, after somebody agreed where something would be lost. Machines that had stopped and stay are
 * started; nodes that go are drained first, and those that then do not go are undrained.
 *
 * @throws Failure
 */
export async function applyDeployment(
  { stack, plan: saved, verdict, stopped, claim, outputs, access }: PlannedDeployment,
  { env, consenter, platform, command, agreed, onEvent }: ApplyOptions,
  progress: Progress,
): Promise<AppliedDeployment> {
  const terraform = new Terraform(stack.directory, { ...env, ...claim?.env });
  const settle = async (made: AppliedDeployment["outputs"]) => {
    const owner = manifestIn(made)?.owner;
    if (owner !== undefined) await claim?.settle(owner);
  };
  try {
    const agreeTo = async (seen: JobsSeen) => {
      const lines = describeLosses(verdict.losses, access?.manifest, seen);
      await agree(consenter, lines, `Change ${stack.name} like this?`, `${command} --yes`);
    };
    // What somebody took away already is no loss.
    const asks = agreed === undefined && verdict.losses.length > 0;
    const seen: JobsSeen = consenter.yes || !asks ? { jobs: [] } : await jobsAtStake(access, verdict.losses, env);
    if (asks) await agreeTo(seen);

    const { changes } = verdict;
    const gone = machinesIn(changes, ["replace", "delete"]);
    const going = machinesTaken(changes);
    if (machinesIn(changes, ["create", "replace"]).length > 0) await platform?.prepare(progress);
    const liftProtection = await terminationProtection(changes, access?.manifest, env);
    const staying = stopped.filter((host) => !gone.includes(host));
    const { started, failure } = await startMachines(staying, platform, progress);
    if (failure !== undefined && failure.hosts.includes(access?.manifest.master.host ?? "")) throw failure;
    if (!saved.changesAnything) {
      await settle(outputs);
      return { outputs, started, failure };
    }

    const undrain = await drainNodes(
      access,
      {
        hosts: going,
        command,
        agreed: "unknown" in seen ? [] : seen.jobs,
        treatment: consenter.treatment,
        hitsOf: (jobs) => hitsOfLosses(verdict.losses, access?.manifest, jobs),
        agreeTo: async (jobs) => {
          // Whoever agreed to lose a node has agreed to whatever is on it.
          const hits = hitsOfLosses(verdict.losses, access?.manifest, jobs);
          if (verdict.losses.length > 0 && !hits.every(({ scope }) => agreed?.has(scope))) await agreeTo({ jobs });
        },
      },
      env,
      progress,
    );
    try {
      await liftProtection();
      // Machines of their names will have other keys, also if this gets no further than taking them away.
      if (access !== undefined) forgetHostKeys(access, gone);
      const made = await applyPlan(terraform, saved, `Deploy ${stack.name}`, changes, progress, onEvent);
      await settle(made);
      return { outputs: made, started, failure };
    } catch (error) {
      await undrain();
      throw error;
    }
  } finally {
    terraform.discard(saved);
  }
}

/** Drains nodes whose machines go. The master may be one of them: no connection to it is left open. */
async function drainNodes(
  access: MasterAccess | undefined,
  removal: Removal,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<() => Promise<void>> {
  if (access === undefined || removal.hosts.length === 0) return async () => Promise.resolve();
  await pinMasterFromConsole(access, env);
  const master = masterOf(access, MASTER_PATIENCE);
  try {
    return await drainForRemoval(access.manifest, master, removal, progress);
  } finally {
    await master.close();
  }
}

async function startMachines(
  hosts: readonly string[],
  platform: Platform | undefined,
  progress: Progress,
): Promise<Pick<AppliedDeployment, "started" | "failure">> {
  if (hosts.length === 0 || platform === undefined) return { started: [] };
  return progress.phase(`Start ${count(hosts.length, "machine")}`, async () => {
    try {
      await platform.start(hosts);
      return { started: hosts };
    } catch (error) {
      if (!(error instanceof PowerError)) throw error;
      const failure = error;
      return { started: hosts.filter((host) => !failure.hosts.includes(host)), failure };
    }
  });
}
