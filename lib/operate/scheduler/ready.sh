# shellcheck shell=bash
# Waits until every node takes jobs, then asks all idle ones by one srun per group. Comes behind node-rows.sh.
# ready.sh SECONDS NODES STOPPED PORTS [PARTITION HOSTLIST]...
# Nodes whose names are lines of standard input and that are drained with a reason beginning with STOPPED, or by an
# earlier run of this, are resumed when their node units say that they are ready.
# Prints, whenever it changes: nodes READY TOTAL, and a line `waiting NAME STATE REASON` for (some of) the others,
# and, where that takes long, what their node units say: `unit NAME STAGE MESSAGE`, and for how many of them that is final;
# then `drained NAME REASON` for what is drained on purpose, and for each group `answered N PARTITION`,
# `busy N PARTITION` (nodes with jobs were not asked), `spoilt NAME REASON` (Slurm drained it because of our srun)
# or `silent PARTITION` and what srun said; while it is asked again, whenever that changes, `asking PARTITION` and srun's
# last line. Instead of all that: `overdue`; `stuck` where waiting mends nothing; `hopeless` where nothing else has been
# waited for in two minutes than what units call final; `mute` where slurmctld runs and does not answer.
deadline=$((SECONDS + $1)) expected=$2 stopped=$3 ports=$4
shift 4
# What a reason begins with that the node unit, or an earlier run of this, gave: it tells of a fault, of no purpose.
unit_reason='ohpc: ' asked_reason='ohpc up: '
waking=$(cat)
bundle=/srv/ohpc/bundle/current

# Sets asleep to those of the waking nodes that are still drained, and undrains those of them that are ready:
# Slurm itself thinks for a while that a machine that was stopped is there, and its jobs would fail.
undrain() {
  local ready
  asleep=$(awk -v stopped="$stopped" -v asked="$asked_reason" '
    NR == FNR {
      split($0, field, "|")
      if (field[2] ~ /^drain/ && (index(field[4], stopped) == 1 || index(field[4], asked) == 1)) drained[field[1]]
      next
    }
    $1 in drained' <(printf '%s\n' "$nodes") <(printf '%s\n' "$waking"))
  [ -n "$asleep" ] || return 0
  ready=$(awk 'NR == FNR { asleep[$1]; next } $2 in asleep' <(printf '%s\n' "$asleep") "$bundle/hosts" |
    python3 -IS "$bundle/ask.py" state | jq -r 'to_entries | map(select(.value.ok == true).key) | join(",")')
  [ -z "$ready" ] || timeout 20 scontrol update nodename="$ready" state=resume || true
}

# What awk needs to tell nodes that somebody has drained on purpose from those that Slurm, or we, found wanting.
# Reasons of drained nodes name who gave them; slurmctld itself (slurm) means that something is wrong with the node.
# But where a drained node was silent for long, slurmctld has only added that to a reason, and is named for all of it.
# shellcheck disable=SC2016 # awk expands it
on_purpose='
  function reason_of(row) { sub(/^[^|]*[|][^|]*[|][^|]*[|]/, "", row); return row }
  function on_purpose(state, by, reason) {
    return state ~ /^drain/ && (by !~ /^slurm/ || reason ~ /. : Not responding$/) &&
      index(reason, unit) != 1 && index(reason, asked) != 1
  }'

# Prints as `waiting` lines which nodes that Slurm takes for ready are not, by their own word: their units come after the
# bundle, and before they have, a node may lack accounts that are new and have those that are gone.
behind() {
  local generation
  generation=$(cat "$bundle/generation" 2>/dev/null) || generation=0
  awk -F'|' -v unit="$unit_reason" -v asked="$asked_reason" "$on_purpose"'
    NR == FNR { if (!on_purpose($2, $3, reason_of($0))) wanted[$1]; next }
    { split($0, field, " "); if (field[2] in wanted) print }' <(printf '%s\n' "$nodes") "$bundle/hosts" |
    timeout 20 python3 -IS "$bundle/ask.py" state | jq -r --argjson generation "${generation:-0}" '
      def said: (. // "") | tostring | gsub("[[:cntrl:]]"; " ");
      to_entries[] | .key as $node | .value
      | if .unreachable then "waiting \($node) silent its node unit: \(.unreachable | said)"
        elif .ok != true then "waiting \($node) unready its node unit: \(.stage | said): \(.message | said)"
        elif (.generation | type) == "number" and .generation < $generation then
          "waiting \($node) behind it has configuration \(.generation), not \($generation)"
        else empty end'
}

units() {
  awk 'NR == FNR { nodes[$1] = 1; next } $2 in nodes' "$bundle/nodes" "$bundle/hosts" | python3 -IS "$bundle/ask.py" state |
    jq -r 'to_entries | map(select(.value.ok == false)) |
      (.[:10][] | "unit \(.key) \(.value.stage) \(.value.message)" | gsub("[[:cntrl:]]"; " ")),
      "final \(map(select(.value.final == true)) | length)"'
}

told=x told_units='' ask_units=$((SECONDS + 5)) mute='' stuck='' patience='' hopeless_at=0
while :; do
  code=0
  nodes=$(node_rows 5 '%N|%T|%U|%E' --all 2>/dev/null) || code=$?
  if [ "$code" = 124 ]; then
    # One that is not there refuses at once.
    mute=${mute:-$((SECONDS + 5))}
    if [ "$SECONDS" -ge "$mute" ]; then
      echo mute
      exit 0
    fi
  else
    mute=''
  fi
  [ "$code" = 0 ] || nodes=''
  undrain
  lost=0
  now=$(awk -F'|' -v asleep=" ${asleep//$'\n'/ } " -v unit="$unit_reason" -v asked="$asked_reason" "$on_purpose"'
    { reason = reason_of($0); purpose = on_purpose($2, $3, reason); if ($2 ~ /^drain/) sub(/ : Not responding$/, "", reason) }
    purpose && !index(asleep, " " $1 " ") { drained = drained "drained " $1 " " reason "\n"; ready++; next }
    $2 ~ /^(idle|mixed|allocated|completing|planned)(~)?$/ { ready++; next }
    { others++; if (others <= 10) waiting = waiting "waiting " $1 " " $2 " " reason "\n" }
    # Nobody but a person undrains what slurmctld has drained; silence alone ends when the node is there.
    $2 !~ /^drain/ || $3 !~ /^slurm/ || reason == "Not responding" { hope = 1 }
    END { printf "nodes %d %d\n%s%s", ready, NR, waiting, drained; exit(others == 0 || hope ? 0 : 3) }' <<<"$nodes") || lost=$?
  [ -n "$nodes" ] || now='nodes 0 0'
  if [[ "$now"$'\n' = "nodes $expected $expected"$'\n'* ]]; then
    late=$(behind 2>/dev/null) || late=''
    if [ -n "$late" ]; then
      now="nodes $((expected - $(wc -l <<<"$late"))) $expected"$'\n'"$(head -n 10 <<<"$late")"
      # A unit that says nothing new for two minutes is not waited for any longer.
      if [ "$now" != "$told" ]; then patience=$((SECONDS + 120)); fi
    fi
  else
    late=x patience=''
  fi
  if [ "$now" != "$told" ]; then
    told=$now
    printf '%s\n' "$now"
  fi
  [ -n "$late" ] || break
  if [ "$lost" = 0 ]; then
    stuck=''
  else
    stuck=${stuck:-$((SECONDS + 5))}
    if [ "$SECONDS" -ge "$stuck" ]; then
      echo stuck
      exit 0
    fi
  fi
  if [ "$SECONDS" -ge "$ask_units" ]; then
    now=$(units 2>/dev/null) || now=''
    if [ -n "$now" ] && [ "$now" != "$told_units" ]; then printf '%s\n' "$now"; fi
    # Time counts while the same nodes say the same, and they are all that is missing.
    read -r _ ready _ <<<"$told"
    if [ "$now" != "$told_units" ] || [ "${now##*final }" = 0 ] || [ "${now##*final }" != "$((expected - ready))" ]; then
      hopeless_at=$((SECONDS + 115))
    elif [ "$SECONDS" -ge "$hopeless_at" ]; then
      echo hopeless
      exit 0
    fi
    told_units=$now ask_units=$((SECONDS + 3))
  fi
  if [ "$SECONDS" -ge "$deadline" ] || { [ -n "$patience" ] && [ "$SECONDS" -ge "$patience" ]; }; then
    echo overdue
    exit 0
  fi
  sleep 0.2
done

# srun listens where slurm.conf says, and whoever likes may take all of that: ours has ports that no user can bind.
conf=${SLURM_CONF:-/etc/slurm/slurm.conf}
own_conf=$(mktemp -d -p /run 2>/dev/null || mktemp -d)
trap 'rm -rf "$own_conf"' EXIT
ln -s "$(dirname "$conf")"/* "$own_conf/"
sed "s/^SrunPortRange=.*/SrunPortRange=$ports/" "$conf" >"$own_conf/own.conf"

# Every task must have said a name, each another one; srun's own words come between them. Sets said.
# srun writes the task's number before each line: a node that says the names of others counts once all the same.
answers() {
  local idle=$1 count=$2 partition=$3
  tried=x
  said=$(SLURM_CONF=$own_conf/own.conf timeout 60 srun --immediate=30 --time=1 --job-name=ohpc-up --partition="$partition" --nodes="$count" \
    --ntasks-per-node=1 --nodelist="$(paste -sd, <<<"$idle")" --label hostname 2>&1 | head -c $((65536 + 256 * count)))
}

# Of `answers`: how many nodes have said their names, and the names that nobody said.
heard_of() {
  local idle=$1 count=$2
  awk -v count="$count" '
    NR == FNR { idle[$1]; next }
    match($0, /^ *[0-9]+: /) {
      task = substr($0, 1, RLENGTH - 2) + 0
      name = substr($0, RLENGTH + 1)
      if (task >= count || !(name in idle)) next
      if (!(task in tasks)) { tasks[task]; heard++ }
      if (!(name in names)) { names[name]; named++ }
    }
    END {
      printf "%d", heard < named ? heard : named
      for (name in idle) if (!(name in names) && ++missing <= 10) printf " %s", name
    }' <(printf '%s\n' "$idle") <(printf '%s\n' "$said")
}

# Each node of the group has answered, is busy, or was drained on purpose: else it is waited for, or named.
ask() {
  local partition=$1 hosts=$2 states idle count=0 busy=0 others drained spoilt said='' tried='' answered='' settles='' heard missing now told=''
  while :; do
    states=$(node_rows 10 '%N|%T|%U|%E' --partition="$partition" --nodes="$hosts") || states=''
    spoilt=$(awk -F'|' "$on_purpose"'
      { reason = reason_of($0) }
      $2 ~ /^drain/ && $3 ~ /^slurm/ && reason !~ /Not responding$/ { print "spoilt " $1 " " reason }' <<<"$states")
    if [ -n "$spoilt" ]; then
      # They do not fall all at once.
      settles=${settles:-$((SECONDS + 2))}
      if [ "$SECONDS" -lt "$settles" ]; then
        sleep 0.2
        continue
      fi
      echo "$spoilt"
      # What our own srun has brought about, the next run gives back, and tries again.
      [ -z "$tried" ] || while read -r _ node reason; do
        timeout 20 scontrol update nodename="$node" state=drain reason="$asked_reason$reason" || true
      done <<<"$spoilt"
      return 0
    fi
    if [ -n "$answered" ]; then
      # An epilog that fails spoils a node after it has answered.
      if [[ $states == *'|completing|'* ]] && [ "$SECONDS" -lt "$answered" ]; then
        sleep 0.1
        continue
      fi
      [ -z "$drained" ] || echo "$drained"
      [ "$busy" = 0 ] || echo "busy $busy $partition"
      [ "$count" != 0 ] || return 0
      # Every task has ended well: who has not said its name will not do so the next time.
      read -r heard missing <<<"$(heard_of "$idle" "$count")"
      [ "$heard" = 0 ] || echo "answered $heard $partition"
      [ "$heard" = "$count" ] ||
        echo "silent $partition $((count - heard)) of $count tasks did not say which node they ran on${missing:+: ${missing// /, }}"
      return 0
    fi
    # A drained node counts as idle for --states.
    idle=$(awk -F'|' '$2 == "idle" { print $1 }' <<<"$states")
    busy=$(awk -F'|' '$2 ~ /^(mixed|allocated|completing|planned)/' <<<"$states" | wc -l)
    count=$(grep -c . <<<"$idle") || count=0
    others=$(awk -F'|' -v unit="$unit_reason" -v asked="$asked_reason" "$on_purpose"'
      { reason = reason_of($0) }
      $1 != "" && $2 !~ /^(idle$|mixed|allocated|completing|planned)/ && !on_purpose($2, $3, reason) {
        print $1 " is " $2 " (" reason ")"
      }' <<<"$states")
    drained=$(awk -F'|' -v unit="$unit_reason" -v asked="$asked_reason" "$on_purpose"'
      { reason = reason_of($0) }
      on_purpose($2, $3, reason) { sub(/ : Not responding$/, "", reason); print "drained " $1 " " reason }' <<<"$states")
    if [ -n "$states" ] && [ -z "$others" ] && { [ "$count" = 0 ] || answers "$idle" "$count" "$partition"; }; then
      answered=$((SECONDS + 5))
      if [ "$count" != 0 ]; then hosts=$(paste -sd, <<<"$idle"); fi
      continue
    fi
    now=$(grep . <<<"${others:-$said}" | tail -n 1) || now=''
    now=${now:0:500}
    if [ "$now" != "$told" ]; then echo "asking $partition $now"; fi
    told=$now
    # Slurm may not have noticed yet that a node was away.
    if [ "$SECONDS" -ge "$deadline" ]; then
      said=${others:+${others//$'\n'/, }; }${said:0:2000}
      echo "silent $partition ${said//[[:cntrl:]]/; }"
      return 0
    fi
    sleep 0.5
  done
}

while [ $# -gt 0 ]; do
  ask "$1" "$2" &
  shift 2
done
wait
