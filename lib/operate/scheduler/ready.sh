# shellcheck shell=bash
# Waits until every node takes jobs, then asks all idle ones by one srun per group.
# ready.sh SECONDS NODES STOPPED [PARTITION HOSTLIST]...
# Nodes whose names are lines of standard input and that are drained with a reason beginning with STOPPED are resumed when
# their node units say that they are ready.
# Prints, whenever it changes: nodes READY TOTAL, and a line `waiting NAME STATE REASON` for (some of) the others,
# and, where that takes long, what their node units say: `unit NAME STAGE MESSAGE`, and for how many of them that is final;
# `hopeless` ends it where nothing else has been waited for in two minutes;
# then `drained NAME REASON` for what is drained on purpose, and for each group `answered N PARTITION`,
# `busy N PARTITION` (nodes with jobs were not asked) or `silent PARTITION` and what srun said.
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
    jq -r 'to_entries | map(select(.value.ok == false)) |
      (.[:10][] | "unit \(.key) \(.value.stage) \(.value.message)"), "final \(map(select(.value.final == true)) | length)"'
}

told=x told_units='' hopeless_at=0 ask_units=$((SECONDS + 5))
while :; do
  # One line per node, although a node is listed once for each of its partitions.
  nodes=$(sinfo --all --noheader --Node --format='%N|%T|%U|%E' 2>/dev/null | sort -u) || nodes=''
  undrain
  now=$(awk -F'|' -v asleep=" ${asleep//$'\n'/ } " '
    # Reasons of drained nodes name who gave them; slurmctld itself (slurm) means that something is wrong with the node.
    # But where a drained node was silent for long, slurmctld has only added that to a reason, and is named for all of it.
    $2 ~ /^drain/ { added = $4 ~ /. : Not responding$/; sub(/ : Not responding$/, "", $4) }
    $2 ~ /^drain/ && ($3 !~ /^slurm/ || added) && !index(asleep, " " $1 " ") { drained = drained "drained " $1 " " $4 "\n"; ready++; next }
    $2 ~ /^(idle|mixed|allocated|completing|planned)(~)?$/ { ready++; next }
    { others++; if (others <= 10) waiting = waiting "waiting " $1 " " $2 " " $4 "\n" }
    END { printf "nodes %d %d\n%s%s", ready, NR, waiting, drained }' <<<"$nodes")
  [ -n "$nodes" ] || now='nodes 0 0'
  if [ "$now" != "$told" ]; then
    told=$now
    printf '%s\n' "$now"
  fi
  [[ "$now"$'\n' != "nodes $expected $expected"$'\n'* ]] || break
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
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo overdue
    exit 0
  fi
  sleep 0.2
done

# Every node must have said its own name; srun's own words come between them. Sets said.
answers() {
  local idle=$1 count=$2 partition=$3
  said=$(timeout 60 srun --immediate=30 --time=1 --job-name=ohpc-up --partition="$partition" --nodes="$count" \
    --ntasks-per-node=1 --nodelist="$(paste -sd, <<<"$idle")" hostname 2>&1) &&
    [ "$(grep -Fxf <(printf '%s\n' "$idle") <<<"$said" | sort -u | wc -l)" = "$count" ]
}

ask() {
  local partition=$1 hosts=$2 states idle count busy said
  while :; do
    # A drained node counts as idle for --states.
    states=$(sinfo --noheader --Node --partition="$partition" --nodes="$hosts" --format='%N %T' | sort -u)
    idle=$(awk '$2 == "idle" { print $1 }' <<<"$states")
    busy=$(awk '$2 ~ /^(mixed|allocated|completing|planned)/' <<<"$states" | wc -l)
    count=$(grep -c . <<<"$idle") || count=0
    if [ "$count" = 0 ] || answers "$idle" "$count" "$partition"; then
      [ "$busy" = 0 ] || echo "busy $busy $partition"
      [ "$count" = 0 ] || echo "answered $count $partition"
      return 0
    fi
    # Slurm may not have noticed yet that a node was away.
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "silent $partition ${said//$'\n'/; }"
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
