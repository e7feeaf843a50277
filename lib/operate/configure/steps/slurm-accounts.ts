import type { Step } from "../step/step";
import { SLURMDBD_ANSWERS } from "./shell";

export type SlurmAccountsState = {
  readonly cluster: string;
  readonly accounts: readonly string[];
  readonly users: readonly { readonly name: string; readonly account: string }[];
  /** Users and accounts that were ours once, and are still there. */
  readonly leftOver: readonly string[];
};

/**
 * Who may submit, and which account pays: users and accounts in Slurm's database, many in one call because each call
 * costs a twentieth of a second. Others that an administrator adds with sacctmgr are left alone.
 */
export const slurmAccounts: Step<SlurmAccountsState> = {
  id: "slurm-accounts",
  title: "Slurm's users and accounts",
  // slurmctld looks a user's uid up when it hears of the user: without one, it refuses the user's jobs.
  needs: ["cluster-registered", "accounts"],
  desired: ({ manifest, spec }) => ({
    cluster: manifest.cluster,
    accounts: [...new Set(spec.users.users.map(({ account }) => account))].sort(),
    users: spec.users.users.map(({ account, name }) => ({ name, account })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    leftOver: [],
  }),
  get inspect() {
    return `${LOOK}\nlook\n`;
  },
  get apply() {
    return `${LOOK}\n${APPLY}`;
  },
  effect: () => "live",
  remedies: [
    {
      when: /Job\(s\) active/,
      cause: "a user or account that is to go still has jobs",
      remedy: "wait for the jobs, or cancel them (scancel --user NAME)",
    },
  ],
};

/** `look` prints the state: of what is wanted, and of what was made earlier, as the registry remembers it. */
const LOOK = String.raw`
${SLURMDBD_ANSWERS}
registry=/srv/ohpc/state/slurm-accounts.json
desired=$(cat)
cluster=$(jq -r .cluster <<<"$desired")

owned() { cat "$registry" 2>/dev/null || echo '{"accounts":[],"users":{}}'; }

look() {
  local associations='' defaults=''
  if slurmdbd_answers && [ -e /etc/slurm/slurm.conf ]; then
    associations=$(timeout 60 sacctmgr --noheader --parsable2 show associations cluster="$cluster" format=account,user)
    defaults=$(timeout 60 sacctmgr --noheader --parsable2 show user format=user,defaultaccount)
  fi
  jq -c --arg associations "$associations" --arg defaults "$defaults" --slurpfile owned <(owned) '
    def table: split("\n") | map(select(. != "") | split("|"));
    . as $desired
    | ($associations | table) as $pairs
    | ([$pairs[] | select(.[1] == "") | {key: .[0], value: true}] | from_entries) as $accounts
    | ([$pairs[] | select(.[1] != "") | {key: "\(.[1]) \(.[0])", value: true}] | from_entries) as $members
    | ($defaults | table | map({key: .[0], value: .[1]}) | from_entries) as $default
    | ([$desired.users[] | {key: .name, value: .account}] | from_entries) as $wanted
    | {
        cluster,
        accounts: [$desired.accounts[] | select($accounts[.])],
        users: [$desired.users[] | .name as $name | $default[$name] as $account
          | select($account != null and $members["\($name) \($account)"]) | {name: $name, account: $account}],
        leftOver: (
          [$owned[0].users | to_entries[] | select($wanted[.key] != .value and $members["\(.key) \(.value)"]) | "\(.key) in \(.value)"]
          + [$owned[0].accounts[] as $name | select($accounts[$name] and ($desired.accounts | index($name) | not)) | $name])
      }' <<<"$desired"
}
`;

const APPLY = String.raw`
change() { # sacctmgr's words
  local said code=0
  said=$(timeout 100 sacctmgr --immediate "$@" 2>&1) || code=$?
  if [ "$code" = 0 ] || grep -qi 'nothing new added\|already exists\|nothing modified\|nothing deleted' <<<"$said"; then return; fi
  printf '%s\n' "$said" "sacctmgr $1 $2 ended with exit code $code" >&2
  return 1
}
write_registry() {
  cat >"$registry.new"
  mv -fT "$registry.new" "$registry"
}
is=$(look)
before=$(owned)
# What is about to be added is ours already now: whoever dies after this can be followed by the next run.
jq -c --argjson desired "$desired" '
  {accounts: (.accounts + $desired.accounts | unique),
   users: (([$desired.users[] | {key: .name, value: .account}] | from_entries) + .users)}' <<<"$before" | write_registry

missing=$(jq -r --argjson is "$is" '.accounts - $is.accounts | join(",")' <<<"$desired")
if [ -n "$missing" ]; then change add account name="$missing" cluster="$cluster"; fi
while IFS=' ' read -r account names; do
  change add user name="$names" account="$account" defaultaccount="$account" cluster="$cluster"
  change modify user where name="$names" cluster="$cluster" set defaultaccount="$account"
done < <(jq -r --argjson is "$is" '.users - $is.users | group_by(.account)[] | "\(.[0].account) \(map(.name) | join(","))"' <<<"$desired")

# Whoever is no user any more; the records of their jobs stay. All at once: naming account or cluster, too, costs fifty times as much.
gone=$(jq -r --argjson desired "$desired" '(.users | keys) - [$desired.users[].name] | join(",")' <<<"$before")
if [ -n "$gone" ]; then change delete user where name="$gone"; fi
# Whoever changed accounts leaves the old one.
while IFS=' ' read -r account names; do
  change delete user where name="$names" account="$account" cluster="$cluster"
done < <(jq -r --argjson desired "$desired" '
  ([$desired.users[] | {key: .name, value: .account}] | from_entries) as $wanted
  | [.users | to_entries[] | select($wanted[.key] != null and $wanted[.key] != .value)]
  | group_by(.value)[] | "\(.[0].value) \(map(.key) | join(","))"' <<<"$before")
gone=$(jq -r --argjson desired "$desired" '.accounts - $desired.accounts | join(",")' <<<"$before")
if [ -n "$gone" ]; then change delete account where name="$gone" cluster="$cluster"; fi
jq -c '{accounts, users: ([.users[] | {key: .name, value: .account}] | from_entries)}' <<<"$desired" | write_registry
`;
