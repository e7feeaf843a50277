import type { ClusterView } from "../../model/cluster-view";
import type { HoldingRemote } from "../exec/remote/remote";
import type { Progress } from "../feedback/progress";
import { type Agreed, agreeToPlan, type ChangeConsent } from "./change-consent";
import { configure, type ConfigureOptions } from "./configure";
import type { StepsResult } from "./run-steps";
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
    let steps = 0;
    let done = 0;
    let late: StepError | undefined;
    let agreed: Agreed | undefined;
    const result = await configure(cluster, master, {
      command: consent.command,
      takeOver: consent.takeOver,
      onPlan: async (plan) => {
        agreed = await agreeToPlan(plan, cluster, master, consent, report);
      },
      onEvent: (event) => {
        if (event.kind === "inspecting") steps = event.steps.length;
        if (event.kind === "applying")
          report.detail(
            `${event.step.title}${event.effect === "none" || event.effect === "live" ? "" : ` (${event.effect})`}`,
          );
        if (event.kind === "progress") report.detail(event.text);
        if (event.kind !== "changed" && event.kind !== "unchanged") return;
        done++;
        if (event.kind === "changed" && event.note !== undefined) progress.note(event.note);
        if (event.kind === "changed") report.title(`${name}: ${done} of ${steps} steps`);
      },
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
    report.title(
      `${name}: ${result.changed.length === 0 ? "nothing to change" : `${result.changed.length} of ${steps} steps carried out`}`,
    );
    return result;
  });
}

/** Where it failed in the end, it is not told what was done before. */
const NOTHING: StepsResult = { changed: [], unchanged: [] };
