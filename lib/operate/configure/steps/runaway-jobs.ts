import type { Step } from "../step/step";
import { SLURMDBD_ANSWERS } from "./shell";

export type RunawayJobsState = {
  readonly cluster: string;
  /** `12 PENDING`. */
  readonly jobs: readonly string[];
};

/**
 * Jobs that only the accounting database has, for ever pending or running: slurmctld died before it had saved them. Until
 * they are ended there, nothing can be changed of their users. What slurmctld knows is never touched: sacctmgr asks it.
 */
export const runawayJobs: Step<RunawayJobsState> = {
  id: "runaway-jobs",
  title: "jobs that only the accounting database knows",
  needs: ["cluster-registered", "slurmctld"],
  desired: ({ manifest }) => ({ cluster: manifest.cluster, jobs: [] }),
  inspect: String.raw`
${SLURMDBD_ANSWERS}
cluster=$(jq -r .cluster)
jobs=
if slurmdbd_answers && timeout 5 scontrol ping 2>/dev/null | grep -q 'is UP'; then
  # It asks whether they are to be ended, and where nobody answers it asks again for half a minute, as fast as it can.
  jobs=$(timeout 20 sacctmgr --noheader --parsable2 show runawayjobs cluster="$cluster" format=id,state <<<N 2>/dev/null |
    head -c 1000000 | grep -E '^[0-9]+\|[A-Z_ ]+$' | tr '|' ' ') || true
fi
jq -nc --arg cluster "$cluster" --arg jobs "$jobs" '{cluster: $cluster, jobs: ($jobs | split("\n") | map(select(. != "")))}'
`,
  apply: String.raw`
cluster=$(jq -r .cluster)
timeout 60 sacctmgr --immediate --noheader --parsable2 show runawayjobs cluster="$cluster" </dev/null
`,
  effect: () => "live",
  note: ({ jobs }) => {
    const named = `${jobs.slice(0, 10).join(", ")}${jobs.length > 10 ? ` and ${jobs.length - 10} more` : ""}`;
    return `slurmctld had lost these jobs before it saved them; the accounting database now has them as ended: ${named}`;
  },
};
