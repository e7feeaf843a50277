import { accountsFile, BUNDLE_DIRECTORY } from "../../node/bundle-files";
import type { Step } from "../step/step";
import { NEXT_GENERATION, PUBLISH } from "./bundle";
import { FILE_JSON } from "./shell";

export type UsersBundleState = { readonly accounts: string | null };

/**
 * The accounts that nodes fetch with their bundle, and nothing else of it: for a change of users alone. All other files of
 * the generation that there is stay as they are, also where `bundle` would make others.
 */
export const usersBundle: Step<UsersBundleState> = {
  id: "users-bundle",
  title: "the accounts in the nodes' bundle",
  needs: ["accounts", "slurm-accounts"],
  desired: (cluster) => ({ accounts: accountsFile(cluster) }),
  inspect: String.raw`
${FILE_JSON}
printf '{"accounts":%s}\n' "$(file_json ${BUNDLE_DIRECTORY}/current/accounts.json)"
`,
  apply: String.raw`${NEXT_GENERATION}
cp -a "$root/current/." "$fresh/"
jq -j .accounts <<<"$desired" >"$fresh/accounts.json"
echo "$next" >"$fresh/generation"
wanted=$(cat "$fresh/software")
${PUBLISH}`,
  effect: () => "live",
  remedies: [
    {
      when: /^cp: cannot stat '.*current/m,
      cause: "there is no bundle for nodes yet",
      remedy: "ohpc up: it makes the whole of it",
    },
  ],
};
