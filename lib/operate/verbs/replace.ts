import { foldHosts } from "../../slurm/hostlist";
import { Duration } from "../../units";
import { hostKeySource } from "../access/host-key-source";
import { forgetHostKeys, pinMaster } from "../access/host-keys";
import { masterAnswers, masterOf } from "../access/master";
import { type Deployment, deploymentOf, openDeployment, refuseUndeployed } from "../cluster/deployment";
import { configurePhase } from "../configure/phase";
import { planDeployment } from "../deploy/deployment-plan";
import { introduceMachines } from "../deploy/introduce";
import type { Platform } from "../deploy/platform";
import { agree, type Consenter } from "../feedback/consent";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { NOW, typedTreatment } from "../feedback/treatment";
import { chosenHosts, type HostChoice, typed } from "../hosts/chosen-hosts";
import { type CommandLock, withCommandLock } from "../lock/command-lock";
import { discardPlan } from "../plan/agree";
import type { ChangePlan } from "../plan/change-plan";
import { deploymentChanges } from "../plan/deployment-changes";
import { lookAhead } from "../plan/look-ahead";
import type { PreparedStack } from "../plan/prepare-stack";
import { type Anew, makeAnew } from "../plan/replace-in-batches";
import { nodesReady, type Readiness } from "../scheduler/ready";
import { refuseUncovered } from "../scheduler/treated";
import type { Place } from "../stack/project";
import type { SynthesizedStack } from "../stack/synthesis";
import { machineAddresses } from "../terraform/addresses";
import { Terraform } from "../terraform/terraform";

export interface ReplaceOptions extends HostChoice {
  readonly stack: string;
  readonly place: Place;
  readonly consenter: Consenter;
  readonly platformFor: (stack: SynthesizedStack) => Platform | undefined;
  /** How many nodes at a time. @default 1 */
  readonly batch?: number | undefined;
  /** How long nodes may take until they are ready. @default 30 minutes; 2 on local clusters from the node image */
  readonly limit?: Duration | undefined;
}

export interface Replaced {
  readonly cluster: string;
  readonly replaced: readonly string[];
  readonly readiness: Readiness;
}

/**
 * Makes machines anew under their names and addresses, some at a time, each until it takes jobs again. The master, if it is
 * named, comes last: what it keeps is on the state disk, and stays.
 *
 * @throws Failure, e.g. of kind `consent`, or if the stack was synthesized anew and not deployed since
 */
export async function replace(options: ReplaceOptions, progress: Progress): Promise<Replaced> {
  const { place, consenter, batch = 1 } = options;
  const { env } = place;
  const { treatment = NOW } = consenter;
  const command = replaceCommand(options);
  return withCommandLock(env, command, async (commandLock) => {
    const { deployment, machines, prepared, plan } = await lookBeforeReplace(options, commandLock, progress);
    const { project, stack, manifest } = deployment;
    // It is made again, batch by batch.
    discardPlan(prepared.planned);
    refuseUncovered(plan.uncovered, treatment);
    const hosts = machines.map(({ name }) => name);
    await agree(consenter, plan.asks, `Make ${foldHosts(hosts)} anew?`, `${command} --yes`);

    const agreed = new Set(plan.scopes);
    const limit = options.limit ?? prepared.platform?.patience ?? Duration.minutes(30);
    const head = manifest.master.host;
    const nodes = machines.filter(({ name }) => name !== head);
    const batches = { env, consenter, command, agreed, limit };
    await makeAnew(prepared, nodes, batch, batches, progress);
    const master = machines.filter(({ name }) => name === head);
    await makeAnew(prepared, master, 1, batches, progress);

    const outputs = await new Terraform(stack.directory, env).outputs();
    const after = deploymentOf(project, stack, outputs, env);
    const way = masterOf(after, limit);
    if (master.length > 0) {
      forgetHostKeys(after, [head]);
      await pinMaster(after, hostKeySource(after.manifest, env), progress, { limit });
      await progress.phase("Master answers", async () => masterAnswers(after, limit));
      const { late } = await configurePhase(after, way, { consenter, command, agreed }, progress);
      if (late !== undefined) throw late;
    }
    await introduceMachines(after, progress);
    const waking = nodes.map(({ name }) => name);
    const readiness = await progress.phase("Nodes ready", async (report) =>
      nodesReady(way, after, limit, report, waking),
    );
    return { cluster: manifest.cluster, replaced: hosts, readiness };
  });
}

/**
 * What `replace` would do, found by looking only.
 *
 * @throws Failure
 */
export async function planReplace(options: ReplaceOptions, progress: Progress): Promise<ChangePlan> {
  return withCommandLock(options.place.env, `ohpc plan ${options.stack}`, async (commandLock) => {
    const { plan, prepared } = await lookBeforeReplace(options, commandLock, progress);
    discardPlan(prepared.planned);
    return plan;
  });
}

interface BeforeReplace {
  readonly deployment: Deployment;
  readonly machines: readonly Anew[];
  readonly prepared: PreparedStack;
  readonly plan: ChangePlan;
}

async function lookBeforeReplace(
  options: ReplaceOptions,
  commandLock: CommandLock,
  progress: Progress,
): Promise<BeforeReplace> {
  const { stack: name, place, hosts, pools, platformFor, batch = 1, consenter } = options;
  const { env } = place;
  if (hosts.length + pools.length === 0) {
    throw new Failure("usage", "name the machines that are to be made anew", {
      code: "replace.nothing",
      remedy: `ohpc replace ${name} cpu-1, or cpu-[1-4], or --pool NAME`,
    });
  }
  const deployment = await openDeployment(name, place);
  refuseUndeployed(deployment);
  await commandLock.lockCluster(deployment.stack);
  const { manifest, project, stack } = deployment;
  const chosen = chosenHosts(manifest, { hosts, pools });
  const addresses = machineAddresses(await new Terraform(stack.directory, env).state());
  const machines = chosen.flatMap((host): Anew[] => {
    const address = addresses.get(host);
    return address === undefined ? [] : [{ name: host, address, onRequest: true }];
  });
  const unknown = chosen.filter((host) => !addresses.has(host));
  if (unknown.length > 0) {
    throw new Failure("usage", `Terraform has not made ${foldHosts(unknown)}`, {
      code: "replace.not-made",
      remedy: `machines that were there before their cluster are made anew by whoever made them; what is missing, ohpc up ${name} makes`,
    });
  }
  const platform = platformFor(stack);
  const scope = { targets: machines.map(({ address }) => address), replace: machines.map(({ address }) => address) };
  const planned = await planDeployment(stack, platform, { project, env, scope }, progress);
  try {
    const ahead = await lookAhead(planned, env);
    const { treatment = NOW } = consenter;
    const command = replaceCommand(options);
    const { plan } = deploymentChanges(
      planned,
      // The stack is what is deployed: nothing else is to be done on the master, unless it is made anew, too.
      { ...ahead, steps: undefined, byHand: [], consequences: undefined },
      { command, treatment, batch },
    );
    return { deployment, machines, prepared: { project, stack, platform, planned }, plan };
  } catch (error) {
    discardPlan(planned);
    throw error;
  }
}

function replaceCommand(options: ReplaceOptions): string {
  const { stack, batch, consenter } = options;
  return [
    ["ohpc replace", stack],
    typed(options),
    batch === undefined ? [] : [`--batch ${batch}`],
    typedTreatment(consenter.treatment ?? NOW),
  ]
    .flat()
    .join(" ");
}
