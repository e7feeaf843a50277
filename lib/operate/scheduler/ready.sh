# shellcheck shell=bash
# Waits until every node takes jobs, then asks all idle ones by one srun per group. Comes behind node-rows.sh.
# ready.sh SECONDS NODES STOPPED [PARTITION HOSTLIST]...
# Nodes whose names are lines of standard input and that are drained with a reason beginning with STOPPED are resumed when
# their node units say that they are ready.
# Prints, whenever it changes: nodes READY TOTAL, and a line `waiting NAME STATE REASON` for (some of) the others,
# and, where that takes long, what their node units say: `unit NAME STAGE MESSAGE`;
# then `drained NAME REASON` for what is drained on purpose, and for each group `answered N PARTITION`,
# `busy N PARTITION` (nodes with jobs were not asked) or `silent PARTITION` and what srun said; while it is asked again,
# whenever that changes: `asking PARTITION` and srun's last line.
deadline=$((SECONDS + $1)) expected=$2 stopped=$3
shift 3
waking=$(cat)
bundle=/srv/ohpc/bundle/current

# Sets asleep to those of the waking nodes that are still drained, and undrains those of them that are ready:
# Slurm itself thinks for a while that a machine that was stopped is there, and its jobs would fail.
undrain() {
  local ready
  asleep=$(awk -v stopped="$stopped" '
    NR == FNR { split($0, field, "|"); if (field[2] ~ /^drain/ && index(field[4], stopped) == 1) drained[field[1]]; next }
    $1 in drained' <(printf '%s\n' "$nodes") <(printf '%s\n' "$waking"))
  [ -n "$asleep" ] || return 0
  ready=$(awk 'NR == FNR { asleep[$1]; next } $2 in asleep' <(printf '%s\n' "$asleep") "$bundle/hosts" |
    python3 "$bundle/ask.py" state | jq -r 'to_entries | map(select(.value.ok == true).key) | join(",")')
  [ -z "$ready" ] || scontrol update nodename="$ready" state=resume
}

units() {
  awk 'NR == FNR { nodes[$1] = 1; next } $2 in nodes' "$bundle/nodes" "$bundle/hosts" | python3 "$bundle/ask.py" state |
    jq -r 'to_entries | map(select(.value.ok == false)) | .[:10][] |
      "unit \(.key) \(.value.stage) \(.value.message)" | gsub("[[:cntrl:]]"; " ")'
}

told=x told_units='' ask_units=$((SECONDS + 5))
while :; do
  nodes=$(node_rows '%N|%T|%U|%E' 2>/dev/null) || nodes=''
  undrain
  now=$(awk -F'|' -v asleep=" ${asleep//$'\n'/ } " '
    # Reasons of drained nodes name who gave them; slurmctld itself (slurm) means that something is wrong with the node.
    # But where a drained node was silent for long, slurmctld has only added that to a reason, and is named for all of it.
    { reason = $0; sub(/^[^|]*[|][^|]*[|][^|]*[|]/, "", reason) }
    $2 ~ /^drain/ { added = reason ~ /. : Not responding$/; sub(/ : Not responding$/, "", reason) }
    $2 ~ /^drain/ && ($3 !~ /^slurm/ || added) && !index(asleep, " " $1 " ") { drained = drained "drained " $1 " " reason "\n"; ready++; next }
    $2 ~ /^(idle|mixed|allocated|completing|planned)(~)?$/ { ready++; next }
    { others++; if (others <= 10) waiting = waiting "waiting " $1 " " $2 " " reason "\n" }
    END { printf "nodes %d %d\n%s%s", ready, NR, waiting, drained }' <<<"$nodes")
  [ -n "$nodes" ] || now='nodes 0 0'
  if [ "$now" != "$told" ]; then
    told=$now
    printf '%s\n' "$now"
  fi
  [[ "$now"$'\n' != "nodes $expected $expected"$'\n'* ]] || break
  if [ "$SECONDS" -ge "$ask_units" ]; then
    now=$(units 2>/dev/null)
    if [ -n "$now" ] && [ "$now" != "$told_units" ]; then printf '%s\n' "$now"; fi
    told_units=$now ask_units=$((SECONDS + 3))
  fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo overdue
    exit 0
  fi
  sleep 0.2
done

# Every task must have said a name, each another one; srun's own words come between them. Sets said.
# srun writes the task's number before each line: a node that says the names of others counts once all the same.
answers() {
  local idle=$1 count=$2 partition=$3
  said=$(timeout 60 srun --immediate=30 --time=1 --job-name=ohpc-up --partition="$partition" --nodes="$count" \
    --ntasks-per-node=1 --nodelist="$(paste -sd, <<<"$idle")" --label hostname 2>&1 | head -c $((65536 + 256 * count)))
}

# Of `answers`: how many nodes have answered, and the names that nobody said.
answered() {
  local idle=$1 count=$2
  awk -v count="$count" '
    NR == FNR { idle[$1]; next }
    match($0, /^ *[0-9]+: /) {
      task = substr($0, 1, RLENGTH - 2) + 0
      name = substr($0, RLENGTH + 1)
      if (task >= count || !(name in idle)) next
      if (!(task in tasks)) { tasks[task]; answered++ }
      if (!(name in names)) { names[name]; named++ }
    }
    END {
      printf "%d", answered < named ? answered : named
      for (name in idle) if (!(name in names) && ++missing <= 10) printf " %s", name
    }' <(printf '%s\n' "$idle") <(printf '%s\n' "$said")
}

ask() {
  local partition=$1 hosts=$2 states idle count busy said heard missing now told=''
  while :; do
    # A drained node counts as idle for --states.
    states=$(sinfo --noheader --Node --partition="$partition" --nodes="$hosts" --format='%N %T' | sort -u)
    idle=$(awk '$2 == "idle" { print $1 }' <<<"$states")
    busy=$(awk '$2 ~ /^(mixed|allocated|completing|planned)/' <<<"$states" | wc -l)
    count=$(grep -c . <<<"$idle") || count=0
    if [ "$count" = 0 ] || answers "$idle" "$count" "$partition"; then
      [ "$busy" = 0 ] || echo "busy $busy $partition"
      [ "$count" = 0 ] && return 0
      # Every task has ended well: who has not said its name will not do so the next time.
      read -r heard missing <<<"$(answered "$idle" "$count")"
      [ "$heard" = 0 ] || echo "answered $heard $partition"
      [ "$heard" = "$count" ] ||
        echo "silent $partition $((count - heard)) of $count tasks did not say which node they ran on${missing:+: ${missing// /, }}"
      return 0
    fi
    now=$(grep . <<<"$said" | tail -n 1) || now=''
    now=${now:0:500}
    if [ "$now" != "$told" ]; then echo "asking $partition $now"; fi
    told=$now
    # Slurm may not have noticed yet that a node was away.
    if [ "$SECONDS" -ge "$deadline" ]; then
      said=${said:0:2000}
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
