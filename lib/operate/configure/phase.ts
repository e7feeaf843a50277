import type { ClusterView } from "../../model/cluster-view";
import type { HoldingRemote } from "../exec/remote/remote";
import type { Progress, Report } from "../feedback/progress";
import { type Agreed, agreeToPlan, type ChangeConsent } from "./change-consent";
import { configure, type ConfigureOptions } from "./configure";
import type { StepEvent, StepsResult } from "./run-steps";
import { StepError } from "./step-error";
import { departures } from "./steps/departures";

export interface StepsPhase extends StepsResult {
  /** That somebody who goes could not be removed: nobody else waits for it, so it is for the caller to throw at the end. */
  readonly late?: StepError;
}

/**
 * Configures the cluster, and shows the steps while they are carried out. Asks before it takes something from people.
 *
 * @throws Failure of kind `consent`
 * @throws StepError
 */
export async function configurePhase(
  cluster: ClusterView,
  master: HoldingRemote,
  consent: ChangeConsent & Pick<ConfigureOptions, "takeOver">,
  progress: Progress,
): Promise<StepsPhase> {
  const name = `Configure ${cluster.manifest.cluster}`;
  return progress.phase(name, async (report) => {
    const shown = new ShownSteps(name, report, progress);
    let late: StepError | undefined;
    let agreed: Agreed | undefined;
    const result = await configure(cluster, master, {
      command: consent.command,
      takeOver: consent.takeOver,
      onPlan: async (plan) => {
        agreed = await agreeToPlan(plan, cluster, master, consent, report);
      },
      onEvent: shown.onEvent,
    }).catch(async (error: unknown) => {
      if (error instanceof StepError && error.step === departures.id) {
        late = error;
        return NOTHING;
      }
      await agreed?.open();
      throw error;
    });
    await agreed?.finish();
    if (late !== undefined) return { ...result, late };
    shown.end(result);
    return result;
  });
}

/** Shows steps while they are carried out. */
export class ShownSteps {
  private steps = 0;
  private done = 0;

  constructor(
    private readonly name: string,
    private readonly report: Report,
    private readonly progress: Pick<Progress, "note">,
  ) {}

  readonly onEvent = (event: StepEvent): void => {
    if (event.kind === "inspecting") this.steps = event.steps.length;
    if (event.kind === "applying") {
      const { effect, step } = event;
      this.report.detail(`${step.title}${effect === "none" || effect === "live" ? "" : ` (${effect})`}`);
    }
    if (event.kind === "progress") this.report.detail(event.text);
    if (event.kind !== "changed" && event.kind !== "unchanged") return;
    this.done++;
    if (event.kind === "changed" && event.note !== undefined) this.progress.note(event.note);
    if (event.kind === "changed") this.report.title(`${this.name}: ${this.done} of ${this.steps} steps`);
  };

  end({ changed, unchanged }: StepsResult): void {
    const what =
      changed.length === 0
        ? "nothing to change"
        : `${changed.length} of ${changed.length + unchanged.length} steps carried out`;
    this.report.title(`${this.name}: ${what}`);
  }
}

/** Where it failed in the end, it is not told what was done before. */
const NOTHING: StepsResult = { changed: [], unchanged: [] };
