import type { Step } from "../step/step";
import { SLURMDBD_ANSWERS } from "./shell";

export type SlurmAccountsState = {
  readonly cluster: string;
  readonly accounts: readonly string[];
  readonly users: readonly { readonly name: string; readonly account: string }[];
};

/**
 * Who may submit, and which account pays: users and accounts in Slurm's database, many in one call because each call
 * costs a twentieth of a second. Others that an administrator adds with sacctmgr are left alone. Those who go, `departures`
 * removes.
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
  }),
  get inspect() {
    return `${LOOK}\nlook\n`;
  },
  get apply() {
    return `${LOOK}${SACCTMGR}${SLURM_REGISTRY}${APPLY}`;
  },
  effect: () => "live",
  words: (before, after) => {
    const there = new Set(before?.accounts ?? []);
    const members = new Set((before?.users ?? []).map(({ account, name }) => `${name} ${account}`));
    return [
      ...after.accounts.filter((account) => !there.has(account)).map((account) => `+ account ${account}`),
      ...after.users
        .filter(({ account, name }) => !members.has(`${name} ${account}`))
        .map(({ account, name }) => `+ ${name} in account ${account}`),
    ];
  },
};

/** `look` prints the state of what is wanted. */
const LOOK = String.raw`
${SLURMDBD_ANSWERS}
desired=$(cat)
cluster=$(jq -r .cluster <<<"$desired")

look() {
  local associations='' defaults=''
  if slurmdbd_answers && [ -e /etc/slurm/slurm.conf ]; then
    associations=$(timeout 60 sacctmgr --noheader --parsable2 show associations cluster="$cluster" format=account,user)
    defaults=$(timeout 60 sacctmgr --noheader --parsable2 show user format=user,defaultaccount)
  fi
  jq -c --arg associations "$associations" --arg defaults "$defaults" '
    def table: split("\n") | map(select(. != "") | split("|"));
    . as $desired
    | ($associations | table) as $pairs
    | ([$pairs[] | select(.[1] == "") | {key: .[0], value: true}] | from_entries) as $accounts
    | ([$pairs[] | select(.[1] != "") | {key: "\(.[1]) \(.[0])", value: true}] | from_entries) as $members
    | ($defaults | table | map({key: .[0], value: .[1]}) | from_entries) as $default
    | {
        cluster,
        accounts: [$desired.accounts[] | select($accounts[.])],
        users: [$desired.users[] | .name as $name | $default[$name] as $account
          | select($account != null and $members["\($name) \($account)"]) | {name: $name, account: $account}]
      }' <<<"$desired"
}
`;

/** `change WORDS`: sacctmgr's, by which nothing to do is no failure. */
export const SACCTMGR = String.raw`
change() { # sacctmgr's words
  local said code=0
  said=$(timeout 100 sacctmgr --immediate "$@" 2>&1) || code=$?
  if [ "$code" = 0 ] || grep -qi 'nothing new added\|already exists\|nothing modified\|nothing deleted' <<<"$said"; then return; fi
  printf '%s\n' "$said" "sacctmgr $1 $2 ended with exit code $code" >&2
  return 1
}
`;

/**
 * `owned` prints what of Slurm's users and accounts is ours, or was once and is not gone yet; `write_registry` keeps it. One
 * that is damaged counts as none: who goes, the machine's accounts tell, too.
 */
export const SLURM_REGISTRY = String.raw`
registry=/srv/ohpc/state/slurm-accounts.json
owned() {
  jq -ces '.[0] | objects | {accounts: (.accounts // []), users: (.users // {}), former: (.former // [])}' "$registry" 2>/dev/null ||
    echo '{"accounts":[],"users":{},"former":[]}'
}
write_registry() {
  cat >"$registry.new"
  mv -fT "$registry.new" "$registry"
}
`;

const APPLY = String.raw`
is=$(look)
# What is about to be added is ours already now: whoever dies after this can be followed by the next run. Whoever changed
# accounts, or is no user any more, is still in the old one.
owned | jq -c --argjson desired "$desired" '
  ([$desired.users[] | {key: .name, value: .account}] | from_entries) as $wanted
  | {accounts: (.accounts + $desired.accounts | unique),
     users: ((.users | with_entries(select($wanted[.key] == null))) + $wanted),
     former: (.former + [.users | to_entries[] | select($wanted[.key] != null and $wanted[.key] != .value) | {user: .key, account: .value}]
       | map(select($wanted[.user] != .account)) | unique)}' | write_registry

missing=$(jq -r --argjson is "$is" '.accounts - $is.accounts | join(",")' <<<"$desired")
if [ -n "$missing" ]; then change add account name="$missing" cluster="$cluster"; fi
# Whoever comes has the account by being added; only who was there before may have another.
known=$(timeout 60 sacctmgr --noheader --parsable2 show user format=user)
while IFS=' ' read -r account names; do
  change add user name="$names" account="$account" defaultaccount="$account" cluster="$cluster"
  names=$(tr , '\n' <<<"$names" | grep -Fx -f <(printf '%s\n' "$known") | paste -sd, || true)
  if [ -n "$names" ]; then change modify user where name="$names" cluster="$cluster" set defaultaccount="$account"; fi
done < <(jq -r --argjson is "$is" '.users - $is.users | group_by(.account)[] | "\(.[0].account) \(map(.name) | join(","))"' <<<"$desired")
`;
