import { Duration } from "../../../units";
import { accountsOf } from "../../node/accounts";
import { programText } from "../../node/bundle-files";
import type { Json, Step } from "../step/step";
import { accountWords } from "./account-words";

type AccountState = { readonly name: string; readonly [key: string]: Json };
export type AccountsState = { readonly groups: readonly AccountState[]; readonly users: readonly AccountState[] };

/** On the disk that outlives the master: who was once ours stays known, so that removing an account still works. */
export const ACCOUNTS_REGISTRY = "/srv/ohpc/state/accounts.json";

/** A file of public keys for each user who has any. */
export const KEYS_DIRECTORY = "/etc/ssh/authorized_keys.d";

/**
 * People's accounts on the master, with their homes and SSH keys. Nodes make the same accounts by the same program, so
 * that a user has the same number everywhere, in and outside of jobs. Whoever is no user any more cannot log in from here
 * on; the account goes when Slurm has done with it (`departures`).
 */
export const accounts: Step<AccountsState> = {
  id: "accounts",
  title: "accounts",
  needs: ["metadata-guard", "owner", "home-disk"],
  desired: (cluster) => {
    const { groups, users } = accountsOf(cluster);
    return {
      groups,
      users: users.map((user) => ({ ...user, keys: user.keys ?? [], shadow: true, homeIsThere: true })),
    };
  },
  get inspect() {
    return accountsProgram("inspect", OPTIONS);
  },
  get apply() {
    return accountsProgram("apply", OPTIONS);
  },
  effect: () => "live",
  words: accountWords,
  remedies: [
    {
      when: /^\S+ is damaged: /m,
      remedy:
        "put an older copy of it there (ohpc ssh), or remove it: then whoever was taken out of the users file meanwhile stays until you remove them (userdel). Then run it again",
    },
  ],
  timeout: Duration.minutes(5),
};

const OPTIONS = `--homes --keys ${KEYS_DIRECTORY} --keep all`;

/** A line of shell that runs accounts.py on the master. */
export function accountsProgram(what: "inspect" | "apply" | "leaving" | "remove", options: string): string {
  return String.raw`
program=$(cat <<'OHPC_ACCOUNTS'
${programText("accounts.py")}
OHPC_ACCOUNTS
)
python3 -IS -c "$program" ${what} --registry ${ACCOUNTS_REGISTRY} ${options}
`;
}
