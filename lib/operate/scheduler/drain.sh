# shellcheck shell=bash
# Drains nodes in Slurm while their machines are stopped or replaced. Comes behind node-rows.sh.
# drain.sh drain HOSTLIST REASON    drains those that nobody has drained or set down, and prints them with commas between
# drain.sh end HOSTLIST REASON      ends the jobs on drained nodes: Slurm puts those back into the queue that may be
# drain.sh undrain HOSTLIST REASON  resumes those that are drained for that reason, and no others
# A reason of ours begins with the given one: it also tells who gave it.
nodes=$(node_rows 20 '%N|%T|%U|%E' --all --nodes="$2")

case $1 in
  drain)
    # Reasons name who gave them; slurmctld itself (slurm) sets down what does not answer.
    free=$(awk -F'|' '
      $1 == "" || $2 ~ /^drain/ || ($2 ~ /^down/ && $3 !~ /^slurm/ && $4 != "none") { next }
      { print $1 }' <<<"$nodes" | paste -sd,)
    [ -z "$free" ] || timeout 20 scontrol update nodename="$free" state=drain reason="$3"
    printf '%s\n' "$free"
    ;;
  end)
    # A node that is down has no jobs; it stays drained, for the reason that it had.
    while IFS='|' read -r node state _ reason; do
      [[ $state != draining* ]] || timeout 20 scontrol update nodename="$node" state=down reason="$reason"
    done <<<"$nodes"
    ;;
  undrain)
    ours=$(awk -F'|' -v reason="$3" '$2 ~ /^drain/ && index($4, reason) == 1 { print $1 }' <<<"$nodes" | paste -sd,)
    [ -z "$ours" ] || timeout 20 scontrol update nodename="$ours" state=resume
    ;;
esac
