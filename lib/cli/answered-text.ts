import { count } from "../operate/feedback/count";
import type { Readiness } from "../operate/scheduler/ready";

/** `3 of 4 nodes answered (1 runs jobs and was not asked)`. Pure. */
export function answeredText(
  { answered, busy, drained, nodes }: Readiness,
  others: readonly string[] = drained.length > 0 ? [`${drained.length} drained`] : [],
): string {
  const told = [
    ...(busy > 0 ? [`${busy} ${busy === 1 ? "runs" : "run"} jobs and ${busy === 1 ? "was" : "were"} not asked`] : []),
    ...others,
  ];
  return `${answered} of ${count(nodes, "node")} answered${told.length === 0 ? "" : ` (${told.join(", ")})`}`;
}
