import type { Manifest } from "../../../model/manifest";
import type { Step } from "../step/step";

export type OwnerState = { readonly file: string; readonly owner: string };

/** Where the mark lies on the master. */
export function ownerFile({ disks }: Manifest): string {
  return `${disks.state.path}/owner`;
}

/**
 * Which Terraform state the cluster belongs to, kept on the disk that outlives the master: a state that has lost the
 * cluster to another one must not configure it any more. A cluster that was deployed before there were marks has none.
 */
export const owner: Step<OwnerState> = {
  id: "owner",
  title: "whose the cluster is",
  needs: ["state-disk"],
  desired: ({ manifest }) => ({ file: ownerFile(manifest), owner: manifest.owner ?? "" }),
  inspect: String.raw`
desired=$(cat)
file=$(jq -r .file <<<"$desired")
owner=$(cat "$file" 2>/dev/null) || owner=''
jq -c --arg owner "$owner" '.owner = $owner' <<<"$desired"
`,
  apply: String.raw`
desired=$(cat)
file=$(jq -r .file <<<"$desired")
umask 077
jq -r .owner <<<"$desired" >"$file.new"
sync "$file.new"
mv -fT "$file.new" "$file"
`,
  effect: (before, after) => (before.owner === "" || before.owner === after.owner ? "live" : "replace cluster"),
  refusal: {
    cause: "the cluster belongs to another Terraform state than this folder's",
    remedy: "work where it was made, or bring that state here; to take it over on purpose: ohpc up STACK --take-over",
  },
};
