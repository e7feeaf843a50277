# shellcheck shell=bash
# Keeps jobs from being submitted to partitions that are about to go.
# close.sh close PARTITION…        closes those that take jobs, and prints each as PARTITION=STATE, as it was
# close.sh run-out PARTITION…      the same, but jobs that wait there may still run
# close.sh open PARTITION=STATE…   gives back what it printed
# Whoever dies in between is followed by a run that has slurmctld read slurm.conf anew, which opens them.
action=$1
pending=/run/ohpc/pending/slurmctld
shift
if [ "$action" != open ] && [ ! -e "$pending" ]; then
  mkdir -p "${pending%/*}"
  printf close >"$pending"
fi
for one; do
  name=${one%%=*}
  case $action in
    close | run-out)
      to=INACTIVE
      if [ "$action" = run-out ]; then to=DRAIN; fi
      state=$(scontrol --oneliner show partition "$name" | sed -nE 's/.* State=([A-Z]+).*/\1/p')
      case $state in
        UP | DOWN)
          scontrol update partitionname="$name" state="$to"
          printf '%s=%s\n' "$name" "$state"
          ;;
      esac
      ;;
    open) scontrol update partitionname="$name" state="${one#*=}" ;;
  esac
done
if [ "$action" = open ] && [ "$(cat "$pending" 2>/dev/null)" = close ]; then rm -f "$pending"; fi
