# shellcheck shell=bash
# Removes those who go from Slurm and from the machine. Runs behind the functions of departures.ts and slurm-accounts.ts.
# shellcheck disable=SC2154 # desired
cluster=$(jq -r .cluster <<<"$desired")
ours=$(owned)
numbers=$(leaving)
going=$(jq -nr --argjson desired "$desired" --argjson ours "$ours" --arg leaving "$numbers" '
  [($leaving | split("\n")[] | select(. != "") | split(" ")[0]), ($ours.users | keys[])] - [$desired.users[].name] | unique[]')

# Ids of jobs of those who go, and of numbers that nobody has any more; those whose last processes are ending are over.
jobs_of_theirs() {
  timeout 30 squeue --all --noheader --format='%A|%U|%u|%T' | awk -F'|' -v names="$(paste -sd' ' <<<"$going")" \
    -v uids="$(awk '{ print $2 }' <<<"$numbers" | paste -sd' ')" -v wanted="$(jq -r '[.users[].uid] | join(" ")' <<<"$desired")" '
    BEGIN {
      n = split(names, list, " "); for (k = 1; k <= n; k++) theirs[list[k]] = 1
      n = split(uids, list, " "); for (k = 1; k <= n; k++) number[list[k]] = 1
      n = split(wanted, list, " "); for (k = 1; k <= n; k++) delete number[list[k]]
    }
    $4 != "COMPLETING" && $1 ~ /^[0-9]+$/ && ($3 in theirs || $2 in number) { print $1, $3 }'
}

# Removes from Slurm with sacctmgr's words $3…. The database hears of the end of jobs a little later than squeue and is given
# a moment, unless squeue has a job in account $1, if one is named, of user $2, if one is. What is said against it: `said`.
let_go() {
  local k
  for ((k = 0; k < 20; k++)); do
    if said=$(change delete "${@:3}" 2>&1); then return 0; fi
    grep -q 'Job(s) active' <<<"$said" || return 1
    if [ -n "$1" ] && timeout 30 squeue --all --noheader --account="$1" ${2:+--user="$2"} --format=%A | grep -q .; then return 1; fi
    sleep 0.5
  done
  return 1
}

stuck=() jobs=''
if [ -n "$numbers$going" ]; then
  for ((k = 0; k < 60; k++)); do
    jobs=$(jobs_of_theirs)
    if [ -z "$jobs" ]; then break; fi
    awk '{ print $1 }' <<<"$jobs" | sort -u | xargs -r -n 500 timeout 60 scancel --quiet >/dev/null 2>&1 || true
    sleep 0.5
  done
fi

# All at once: naming account or cluster, too, costs fifty times as much. Those whom Slurm does not let go keep nobody else.
gone=()
if [ -n "$going" ]; then
  if let_go '' '' user where name="$(paste -sd, <<<"$going")"; then
    mapfile -t gone <<<"$going"
  else
    while IFS= read -r name; do
      if said=$(change delete user where name="$name" 2>&1); then
        gone+=("$name")
      else
        printf '%s\n' "$said" >&2
        ids=$(awk -v name="$name" '$2 == name { print $1 }' <<<"$jobs" | paste -sd' ')
        if [ -n "$ids" ]; then why="jobs $ids are not over"; else why='only its records say that jobs are not over'; fi
        grep -q 'Job(s) active' <<<"$said" || why=${said##*$'\n'}
        stuck+=("$name ($why)")
      fi
    done <<<"$going"
  fi
fi
renumbered=$(awk 'NR == FNR { gone[$1] = 1; next } !($1 in gone) { print $1 }' <(printf '%s\n' "$going") - <<<"$numbers")
mapfile -t done_with < <(printf '%s\n' "${gone[@]}" "$renumbered" | grep . || true)
if [ ${#done_with[@]} -gt 0 ]; then forget "${done_with[@]}" || stuck+=("some of ${done_with[*]} from the machine"); fi
# slurmctld keeps the number by which it first knew a user.
if [ -n "$renumbered" ]; then timeout 60 scontrol reconfigure; fi

kept='[]'
while IFS=' ' read -r name account; do
  if let_go "$account" "$name" user where name="$name" account="$account" cluster="$cluster"; then continue; fi
  kept=$(jq -c --arg user "$name" --arg account "$account" '. + [{user: $user, account: $account}]' <<<"$kept")
  grep -q 'Job(s) active' <<<"$said" || stuck+=("$name from $account (${said##*$'\n'})")
done < <(jq -r '.former[] | "\(.user) \(.account)"' <<<"$ours")
kept_accounts='[]'
while IFS= read -r account; do
  if let_go "$account" '' account where name="$account" cluster="$cluster"; then continue; fi
  kept_accounts=$(jq -c --arg account "$account" '. + [$account]' <<<"$kept_accounts")
  grep -q 'Job(s) active' <<<"$said" || [ ${#stuck[@]} -gt 0 ] || stuck+=("account $account (${said##*$'\n'})")
done < <(jq -r --argjson desired "$desired" '(.accounts - $desired.accounts)[]' <<<"$ours")

owned | jq -c --argjson desired "$desired" --argjson former "$kept" --argjson accounts "$kept_accounts" --arg gone "$(printf '%s\n' "${gone[@]}")" '
  ($gone | split("\n")) as $gone
  | {accounts: ($desired.accounts + $accounts | unique),
     users: (.users | with_entries(select(.key as $name | $gone | index($name) | not))),
     former: $former}' | write_registry
if [ ${#stuck[@]} -gt 0 ]; then
  printf 'could not be removed: %s' "${stuck[0]}" >&2
  printf ', %s' "${stuck[@]:1}" >&2
  echo >&2
  exit 1
fi
