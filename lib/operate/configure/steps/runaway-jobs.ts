import type { Step } from "../step/step";

export type RunawayJobsState = {
  readonly cluster: string;
  /** `12 alice PENDING`; without the user where nobody can tell. */
  readonly jobs: readonly string[];
};

/**
 * Jobs that only the accounting database has, for ever pending or running: slurmctld died before it had saved them. Until
 * they are ended there, their users cannot be removed, and nobody can cancel them. What slurmctld knows is never touched:
 * sacctmgr compares number and time of submission with all that slurmctld has, those included that are over.
 */
export const runawayJobs: Step<RunawayJobsState> = {
  id: "runaway-jobs",
  title: "jobs that only the accounting database knows",
  needs: ["cluster-registered", "slurmctld"],
  desired: ({ manifest }) => ({ cluster: manifest.cluster, jobs: [] }),
  inspect: String.raw`
cluster=$(jq -r .cluster)

# It asks whether they are to be ended; at the end of its input it would ask again for half a minute, as fast as it can.
list() { timeout 5 sacctmgr --noheader --parsable2 show runawayjobs cluster="$cluster" format=id,submit,state <<<N; }

# Lines of number, time of submission and state. A slurmctld that has found no slurmdbd at its start, as after a power cut,
# tries again some ten seconds later; only where there is an unfinished job does sacctmgr need to know where it is.
runaway() {
  local said
  for ((k = 0; k < 80; k++)); do
    if said=$(list 2>&1); then
      grep -E '^[0-9]+\|[0-9T:-]+\|[A-Z_]+$' <<<"$said" | sort -u || true
      return
    fi
    if ! grep -q 'is not up' <<<"$said" || ! systemctl is-active --quiet slurmctld; then return; fi
    sleep 0.25
  done
}

# Whether slurmctld has told slurmdbd all that it had to tell: without that, what is over may still look unfinished.
all_told() {
  for ((k = 0; k < 40; k++)); do
    if timeout 5 sdiag 2>/dev/null | grep -Eqx 'DBD Agent queue size: *0'; then return; fi
    sleep 0.25
  done
  return 1
}

jobs=''
if [ -e /etc/slurm/slurm.conf ]; then jobs=$(runaway); fi
if [ -n "$jobs" ]; then
  if all_told; then jobs=$(comm -12 - <(runaway) <<<"$jobs"); else jobs=''; fi
fi
owners=''
if [ -n "$jobs" ]; then
  ids=$(head -n 1000 <<<"$jobs" | cut -d'|' -f1 | sort -u | paste -sd,)
  owners=$(timeout 20 sacct --allusers --duplicates --allocations --noheader --parsable2 --format=jobidraw,submit,user --jobs "$ids" \
    2>/dev/null | grep -E '^[0-9]+\|[0-9T:-]+\|[A-Za-z0-9_.-]+$') || true
fi
jq -nc --arg cluster "$cluster" --arg jobs "$jobs" --arg owners "$owners" '
  def table: split("\n") | map(select(. != "") | split("|"));
  ([$owners | table[] | {key: "\(.[0])|\(.[1])", value: .[2]}] | from_entries) as $owner
  | {cluster: $cluster, jobs: [$jobs | table | sort_by(.[0] | tonumber)[]
      | [.[0], ($owner["\(.[0])|\(.[1])"] // empty), .[2]] | join(" ")]}'
`,
  apply: String.raw`
cluster=$(jq -r .cluster)
timeout 60 sacctmgr --immediate --noheader --parsable2 show runawayjobs cluster="$cluster" </dev/null >&2
`,
  effect: () => "live",
  words: (before) => (before?.jobs ?? []).map((job) => `job ${job}: its record is ended`),
  note: ({ jobs }) => {
    const more = jobs.length > NAMED ? ` and ${jobs.length - NAMED} more` : "";
    return `slurmctld had lost these jobs; the accounting database has them as ended now, and they do not run unless they are submitted again: ${jobs.slice(0, NAMED).join(", ")}${more}`;
  },
};

/** Enough to know whom to tell; `sacct` has all of them. */
const NAMED = 10;
