import { isDeepStrictEqual } from "node:util";
import type { ClusterView } from "../../model/cluster-view";
import { MANIFEST_OUTPUT } from "../../model/manifest";
import type { Duration } from "../../units";
import { masterAnswers, masterOf } from "../access/master";
import { type Deployment, deploymentOf } from "../cluster/deployment";
import { configure } from "../configure/configure";
import { consequencesOf } from "../configure/consequences";
import { ShownSteps } from "../configure/phase";
import type { PlannedStep, StepEvent, StepsResult } from "../configure/run-steps";
import type { PlannedDeployment } from "../deploy/deployment-plan";
import type { Progress } from "../feedback/progress";
import type { Project } from "../stack/project";
import { manifestDraftOf, type ManifestDraft } from "../stack/manifest-draft";
import type { TerraformEvent } from "../terraform/events";

export interface HeadStartOptions {
  readonly project: Project;
  readonly env: NodeJS.ProcessEnv;
  /** What is done on the master as soon as it is made. `goesOn` tells whether anybody still waits for it. */
  readonly work: (
    deployment: Deployment,
    goesOn: () => boolean,
    onEvent: (event: StepEvent) => void,
  ) => Promise<StepsResult>;
}

/**
 * Configures a master while Terraform still makes its nodes, which find the rest by themselves: only where a cluster is made
 * from nothing, so that nothing can be taken from anybody, and all of it is known before it is there.
 *
 * It is no more than a start: what goes wrong is left to whoever configures the cluster afterwards, and told then.
 */
export class HeadStart {
  private owner: string | undefined;
  private running: Promise<Done | undefined> | undefined;
  private isOff = false;
  /** What was told before anybody listened. */
  private readonly told: StepEvent[] = [];
  private listener: ((event: StepEvent) => void) | undefined;

  /** What there is to start with; without a draft, nothing ever starts. */
  static of(planned: PlannedDeployment, options: HeadStartOptions): HeadStart {
    const { claim, outputs, stopped, verdict } = planned;
    const isNew =
      claim === undefined &&
      Object.keys(outputs).length + verdict.losses.length + stopped.length === 0 &&
      verdict.changes.length > 0 &&
      verdict.changes.every(({ action }) => action === "create");
    return new HeadStart(planned, options, isNew ? manifestDraftOf(planned.stack) : undefined);
  }

  private constructor(
    private readonly planned: PlannedDeployment,
    private readonly options: HeadStartOptions,
    private readonly draft: ManifestDraft | undefined,
  ) {}

  /** Does the work that Terraform's events are told of. If that fails, what was started has ended before anybody hears of it. */
  async during<T>(work: (onEvent: (event: TerraformEvent) => void) => Promise<T>): Promise<T> {
    try {
      return await work((event) => {
        this.follow(event);
      });
    } catch (error) {
      this.isOff = true;
      await this.running;
      throw error;
    }
  }

  /** What was carried out of a deployment that is as it was thought to be; `undefined` if it has to be configured yet. */
  async finish(deployment: Deployment, progress: Progress): Promise<StepsResult | undefined> {
    const { running } = this;
    if (running === undefined) return undefined;
    const name = `Configure ${deployment.manifest.cluster}`;
    return progress.phase(name, async (report) => {
      const shown = new ShownSteps(name, report, progress);
      this.told.forEach(shown.onEvent);
      this.listener = shown.onEvent;
      const done = await running;
      if (done === undefined || !isDeepStrictEqual(done.deployment.manifest, deployment.manifest)) return undefined;
      shown.end(done.result);
      return done.result;
    });
  }

  private follow(event: TerraformEvent): void {
    const { draft, planned } = this;
    if (draft === undefined || event.kind !== "completed") return;
    if (event.address === draft.ownerAddress) this.owner = event.id;
    if (this.owner === undefined || this.running !== undefined) return;
    const made = planned.verdict.changes.find(({ address }) => address === event.address);
    if (made?.kind === "machine") this.begin(made.name, draft.withOwner(this.owner));
  }

  private begin(host: string, manifest: unknown): void {
    const { env, project } = this.options;
    let deployment: Deployment;
    try {
      deployment = deploymentOf(project, this.planned.stack, { [MANIFEST_OUTPUT]: manifest }, env);
    } catch {
      return;
    }
    if (deployment.manifest.master.host !== host) return;
    const work = async (): Promise<Done> => ({
      deployment,
      result: await this.options.work(
        deployment,
        () => !this.isOff,
        (event) => {
          if (this.listener === undefined) this.told.push(event);
          else this.listener(event);
        },
      ),
    });
    this.running = work().catch(() => undefined);
  }
}

/**
 * The work of a head start: as `configure`, as soon as the master answers.
 *
 * @throws Error where somebody has to be asked first
 */
export async function configureNew(
  deployment: Deployment,
  goesOn: () => boolean,
  {
    command,
    limit,
    onEvent,
  }: {
    readonly command: string;
    readonly limit: Duration;
    readonly onEvent?: ((event: StepEvent) => void) | undefined;
  },
): Promise<StepsResult> {
  await masterAnswers(deployment, limit, goesOn);
  return configure(deployment, masterOf(deployment, limit), {
    command,
    onEvent,
    onPlan: (plan) => {
      if (!goesOn() || takesSomething(plan, deployment)) throw new Error("not now");
    },
  });
}

/** Whether there is somebody, or a slurm.conf, that a plan could take something from. */
function takesSomething(plan: readonly PlannedStep[], cluster: ClusterView): boolean {
  const consequences = consequencesOf(plan, cluster);
  if (consequences === undefined) return false;
  const { going, groups, renumbered, slurm } = consequences;
  return going.length + groups.length + renumbered.length > 0 || slurm?.before !== undefined;
}

interface Done {
  readonly deployment: Deployment;
  readonly result: StepsResult;
}
