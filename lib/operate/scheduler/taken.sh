# shellcheck shell=bash
# Waits until the nodes have the accounts of the bundle that the master has now. Comes behind node-rows.sh. taken.sh SECONDS
# Prints, whenever it changes: `taken N TOTAL`, and a line `late NAME WHY` for (some of) those that are waited for;
# `off NAME WHY` for those that are not: a node that is off, or that Slurm gives no jobs, has the accounts before it gets
# any. `overdue` in the end, where some did not come.
deadline=$((SECONDS + $1))
bundle=/srv/ohpc/bundle/current
generation=$(cat "$bundle/generation")
nodes() { awk 'NR == FNR { nodes[$1]; next } $2 in nodes' "$bundle/nodes" "$bundle/hosts"; }
total=$(nodes | wc -l)
told=x
while :; do
  # Who does not answer is asked about in Slurm, which need not be asked where all do.
  answers=$(nodes | timeout 20 python3 "$bundle/ask.py" state) || answers=''
  now=$(jq -r --argjson generation "$generation" '
    def said: (. // "") | tostring | gsub("[[:cntrl:]]"; " ");
    # Stages that come after the accounts.
    ["time", "devices", "room", "controller", "slurmd", "ready"] as $after
    | to_entries[] | .key as $node | .value
    | if .unreachable then "silent \($node) its node unit does not answer: \(.unreachable | said)"
      elif .generation >= $generation and (.ok or (.stage as $stage | $after | index([$stage]))) then "taken \($node)"
      elif .ok then "late \($node) it has configuration \(.generation), not \($generation)"
      else "silent \($node) its node unit: \(.stage | said): \(.message | said)" end' <<<"$answers")
  if [[ $now == *silent* ]]; then
    states=$(node_rows 5 '%N|%T' --all 2>/dev/null) || states=''
    now=$(awk '
      NR == FNR { split($0, field, "|"); if (field[2] ~ /^(drain|down|fail|power|unknown)/ || field[2] ~ /[*~%]/) idle[field[1]]; next }
      $1 == "silent" { $1 = ($2 in idle) ? "off" : "late" }
      { print }' <(printf '%s\n' "$states") <(printf '%s\n' "$now"))
  fi
  count=$(grep -c '^taken ' <<<"$now") || count=0
  late=$(sed -n '/^late /p' <<<"$now") off=$(sed -n '/^off /p' <<<"$now")
  now="taken $count $total"$'\n'"$(head -n 10 <<<"$late")"$'\n'"$off"
  if [ "$now" != "$told" ]; then printf '%s\n' "$now"; fi
  told=$now
  if [ -z "$late" ] && [ -n "$answers" ]; then break; fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo overdue
    break
  fi
  sleep 0.1
done
