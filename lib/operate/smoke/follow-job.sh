# shellcheck shell=bash
# Submits a batch job as an ordinary user and follows it through Slurm until it has ended.
# follow-job.sh USER NAME DEADLINE_SECONDS COMPILE [FILE CONTENT]...
# Prints: directory PATH, job ID, state STATE REASON, end STATE EXIT_CODE NODES RUN_TIME, output, and then the job's output.
user=$1 name=$2 deadline=$((SECONDS + $3)) compile=$4
shift 4

if ! getent passwd "$user" >/dev/null; then
  echo "there is no user $user on this cluster" >&2
  exit 67
fi
# One more shell parses the words: the user's login shell, which is told to be bash.
as_user() { runuser -l "$user" -s /bin/bash -c "$(printf '%q ' "$@")"; }

# shellcheck disable=SC2016 # expanded by the user's own shell
directory=$(as_user bash -c 'mkdir -p "$HOME/ohpc-smoke" && mktemp -d "$HOME/ohpc-smoke/$1.XXXXXX"' bash "$name" | tail -n 1)
echo "directory $directory"
while [ $# -gt 0 ]; do
  as_user tee "$directory/$1" >/dev/null <<<"$2"
  shift 2
done
# shellcheck disable=SC2016
[ -z "$compile" ] || as_user bash -c 'cd "$1" && eval "$2"' bash "$directory" "$compile" >&2
job=$(as_user sbatch --parsable --chdir="$directory" "$directory/job.sh" | tail -n 1)
job=${job%%;*}
echo "job $job"

# The value of one field of the job, as Slurm tells it.
field() { [[ $info =~ (^|[[:space:]])$1=([^[:space:]]*) ]] && printf '%s' "${BASH_REMATCH[2]}"; }

told='' stuck=''
while :; do
  # slurmctld may be busy for a moment; the deadline decides when that is too long.
  info=$(scontrol --oneliner show job "$job" 2>/dev/null) || info=''
  state=$(field JobState || true)
  reason=$(field Reason || true)
  if [ "$state $reason" != "$told" ]; then
    told="$state $reason"
    [ -z "$state" ] || echo "state $told"
  fi
  case $state in
    '' | RUNNING | COMPLETING | CONFIGURING | SUSPENDED | STAGE_OUT | REQUEUED) stuck='' ;;
    PENDING)
      # Reasons that waiting does not mend. Just after a node came back they may still be shown.
      case $reason in
        *NodeNotAvail* | Nodes_required* | PartitionDown | PartitionNodeLimit | PartitionTimeLimit | BadConstraints | Invalid* | JobHeld*)
          stuck=${stuck:-$((SECONDS + 20))}
          if [ "$SECONDS" -ge "$stuck" ]; then
            as_user scancel "$job" || true
            echo "end STUCK $reason"
            exit 0
          fi
          ;;
        *) stuck='' ;;
      esac
      ;;
    *) break ;;
  esac
  if [ "$SECONDS" -ge "$deadline" ]; then
    as_user scancel "$job" || true
    echo "end OVERDUE ${state:-UNKNOWN} $reason"
    exit 0
  fi
  sleep 0.2
done

echo "end $state $(field ExitCode) $(field NodeList) $(field RunTime)"
echo output
# A job that never ran has written nothing.
[ ! -e "$directory/output.txt" ] || tail -c 4000000 "$directory/output.txt"
