import type { ClusterView } from "../../model/cluster-view";
import type { HoldingRemote } from "../exec/remote/remote";
import type { Progress } from "../feedback/progress";
import { configure } from "./configure";
import type { StepsResult } from "./run-steps";

/** Configures the cluster, and shows the steps while they are carried out. */
export async function configurePhase(
  cluster: ClusterView,
  master: HoldingRemote,
  command: string,
  progress: Progress,
): Promise<StepsResult> {
  const name = `Configure ${cluster.manifest.cluster}`;
  return progress.phase(name, async (report) => {
    let steps = 0;
    let done = 0;
    const result = await configure(cluster, master, {
      command,
      onEvent: (event) => {
        if (event.kind === "inspecting") steps = event.steps.length;
        if (event.kind === "applying")
          report.detail(
            `${event.step.title}${event.effect === "none" || event.effect === "live" ? "" : ` (${event.effect})`}`,
          );
        if (event.kind === "progress") report.detail(event.text);
        if (event.kind !== "changed" && event.kind !== "unchanged") return;
        done++;
        if (event.kind === "changed") report.title(`${name}: ${done} of ${steps} steps`);
      },
    });
    report.title(
      `${name}: ${result.changed.length === 0 ? "nothing to change" : `${result.changed.length} of ${steps} steps carried out`}`,
    );
    return result;
  });
}
