import { maxSubmitJobsOf } from "../../../slurm/limits";
import type { Step } from "../step/step";
import { SLURMDBD_ANSWERS } from "./shell";

export type ClusterRegisteredState = {
  readonly cluster: string;
  readonly registered: boolean;
  /** Of the cluster's association, from which all users have it that have none of their own. */
  readonly maxSubmitJobs: number | null;
};

/**
 * The cluster's entry in the accounting database, made before slurmctld starts for the first time: a slurmctld that had
 * to choose its own id would be refused by the database for ever (CLUSTER ID MISMATCH).
 */
export const clusterRegistered: Step<ClusterRegisteredState> = {
  id: "cluster-registered",
  title: "the cluster's entry in the accounting database",
  needs: ["slurmdbd", "slurm-conf"],
  desired: ({ manifest, spec }) => ({
    cluster: manifest.cluster,
    registered: true,
    maxSubmitJobs: maxSubmitJobsOf(spec.slurm),
  }),
  inspect: String.raw`
${SLURMDBD_ANSWERS}
cluster=$(jq -r .cluster)
registered=false limit=null
if slurmdbd_answers && [ -e /etc/slurm/slurm.conf ]; then
  known=$(timeout 20 sacctmgr --noheader --parsable2 show cluster format=cluster)
  if grep -Fqx -- "$cluster" <<<"$known"; then registered=true; fi
  said=$(timeout 20 sacctmgr --noheader --parsable2 show associations cluster="$cluster" account=root user='' format=maxsubmitjobs)
  if [[ $said =~ ^[0-9]+$ ]]; then limit=$said; fi
fi
echo "{\"cluster\":\"$cluster\",\"registered\":$registered,\"maxSubmitJobs\":$limit}"
`,
  apply: String.raw`
desired=$(cat)
cluster=$(jq -r .cluster <<<"$desired") limit=$(jq -r .maxSubmitJobs <<<"$desired")
said=$(timeout 60 sacctmgr --immediate add cluster "$cluster" 2>&1) || {
  echo "$said" >&2
  # Said, with an exit code that is not zero, of what is there already.
  grep -q 'Nothing new added\|already exists' <<<"$said"
}
said=$(timeout 60 sacctmgr --immediate modify cluster "$cluster" set maxsubmitjobs="$limit" 2>&1) || {
  echo "$said" >&2
  grep -q 'Nothing modified' <<<"$said"
}
# slurmctld hears of it for accounts only; for users it has to read all anew (seen with 24.11.5).
if timeout 10 scontrol ping 2>/dev/null | grep -q 'is UP'; then timeout 60 scontrol reconfigure; fi
`,
  words: (before, after) => [
    ...(before?.registered === true ? [] : [`+ cluster ${after.cluster}`]),
    ...(before?.maxSubmitJobs === after.maxSubmitJobs
      ? []
      : [`maxSubmitJobs ${before?.maxSubmitJobs ?? "none"} → ${after.maxSubmitJobs ?? "none"}`]),
  ],
  effect: ({ registered }) => (registered ? "reconfigure" : "live"),
};
