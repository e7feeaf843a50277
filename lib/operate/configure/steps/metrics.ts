import type { Step } from "../step/step";
import { IS_RUNNING, START_AT_BOOT } from "./shell";

export type MetricsState = { readonly running: boolean };

/** The node exporter on the master: load, memory, disks. */
export const metrics: Step<MetricsState> = {
  id: "metrics",
  title: "metrics",
  needs: ["software"],
  desired: () => ({ running: true }),
  inspect: String.raw`
${IS_RUNNING}
echo "{\"running\":$(is_running prometheus-node-exporter)}"
`,
  apply: String.raw`
${START_AT_BOOT}
start_at_boot prometheus-node-exporter
systemctl start prometheus-node-exporter
`,
  effect: () => "live",
};
