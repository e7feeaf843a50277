import type { Step } from "../step/step";
import { SLURMDBD_ANSWERS } from "./shell";

export type ClusterRegisteredState = { readonly cluster: string; readonly registered: boolean };

/**
 * The cluster's entry in the accounting database, made before slurmctld starts for the first time: a slurmctld that had
 * to choose its own id would be refused by the database for ever (CLUSTER ID MISMATCH).
 */
export const clusterRegistered: Step<ClusterRegisteredState> = {
  id: "cluster-registered",
  title: "the cluster's entry in the accounting database",
  needs: ["slurmdbd", "slurm-conf"],
  desired: ({ manifest }) => ({ cluster: manifest.cluster, registered: true }),
  inspect: String.raw`
${SLURMDBD_ANSWERS}
cluster=$(jq -r .cluster)
registered=false
if slurmdbd_answers && [ -e /etc/slurm/slurm.conf ]; then
  known=$(timeout 20 sacctmgr --noheader --parsable2 show cluster format=cluster)
  if grep -Fqx -- "$cluster" <<<"$known"; then registered=true; fi
fi
echo "{\"cluster\":\"$cluster\",\"registered\":$registered}"
`,
  apply: String.raw`
cluster=$(jq -r .cluster)
said=$(timeout 60 sacctmgr --immediate add cluster "$cluster" 2>&1) || {
  echo "$said" >&2
  # Said, with an exit code that is not zero, of what is there already.
  grep -q 'Nothing new added\|already exists' <<<"$said"
}
`,
  effect: () => "live",
};
