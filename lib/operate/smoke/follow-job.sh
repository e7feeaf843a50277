# shellcheck shell=bash
# Submits a batch job as an ordinary user and follows it through Slurm until it has ended.
# follow-job.sh USER NAME DEADLINE_SECONDS COMPILE [FILE CONTENT]...
# Prints: directory PATH, job ID, state STATE REASON, end STATE EXIT_CODE NODES RUN_TIME, output, and then the job's output.
#
# Whoever wants the result sends a line every ten seconds; when none comes any more, the job is cancelled: `end ABANDONED`.
#
# What a user owns may be something else a moment later: it is made, read and run as the user alone, and whatever comes
# back is limited in time and size, and matched.
user=$1 name=$2 deadline=$((SECONDS + $3)) compile=$4
shift 4

IFS=: read -r account _ _ _ _ home _ < <(getent passwd -- "$user") || true
if [ "${account-}" != "$user" ]; then
  echo "there is no user $user on this cluster" >&2
  exit 67
fi

# Nothing that the user wrote is read before the command, whichever their shell is: what a log-in sets (PATH, MODULEPATH)
# comes from the machine's own files alone.
as_user() { # seconds command...
  local seconds=$1
  shift
  # shellcheck disable=SC2016 # expanded by the user's bash
  timeout --kill-after=5 "$seconds" runuser -u "$user" -- \
    env --ignore-environment HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/bash LANG=C.UTF-8 \
    PATH=/usr/local/bin:/usr/bin:/bin \
    bash --noprofile --norc -c 'cd /; . /etc/profile >/dev/null 2>&1; exec "$@"' bash "$@" </dev/null
}

# What a command of the user's says, in `answer`. Nobody waits for a process of theirs that keeps the pipe open.
ask_user() { # seconds command...
  local code=0 from pid
  exec {from}< <(as_user "$@" 2>&1)
  pid=$!
  answer=$(timeout "$(($1 + 10))" head -c 65536 <&"$from" | tr -d '\0') || true
  exec {from}<&-
  wait "$pid" || code=$?
  [ "$code" -ne 0 ] || return 0
  tail -n 50 <<<"$answer" >&2
  [ "$code" -ne 124 ] || echo "it was stopped after $1 s" >&2
  return "$code"
}

job='' ended=''
cancel() { scancel --user="$user" "$job" 2>/dev/null && ended=yes; }
# However this ends. (Handlers, not "ignore": the user's programs would inherit that.)
trap '[ -z "$job" ] || [ -n "$ended" ] || cancel || true' EXIT
trap : PIPE

# Waits a moment; without end if nobody listens any more.
attended=$((SECONDS + 60))
moment() {
  local code=0
  IFS= read -r -t 0.2 _ || code=$?
  if [ "$code" -eq 0 ]; then
    attended=$((SECONDS + 60))
  elif [ "$code" -le 128 ] || [ "$SECONDS" -ge "$attended" ]; then
    if [ -z "$job" ]; then
      echo "end ABANDONED unsubmitted"
    elif cancel; then
      echo "end ABANDONED cancelled"
    else
      echo "end ABANDONED kept"
    fi
    exit 0
  fi
}

# shellcheck disable=SC2016
ask_user 60 bash --noprofile --norc -c '
  set -euo pipefail
  umask 077
  cd "$HOME"
  if [ -L ohpc-smoke ] || { [ -e ohpc-smoke ] && [ ! -d ohpc-smoke ]; }; then
    echo "$HOME/ohpc-smoke is no directory: move it away"
    exit 1
  fi
  mkdir -p ohpc-smoke
  directory=$(mktemp -d "$HOME/ohpc-smoke/$1.XXXXXX")
  shift
  while [ $# -gt 0 ]; do
    printf "%s\n" "$2" >"$directory/$1"
    shift 2
  done
  echo "$directory"' bash "$name" "$@"
directory=$answer
if ! [[ ${directory#"$home/ohpc-smoke/$name."} =~ ^[A-Za-z0-9]{6}$ ]]; then
  echo "$user has no directory for it below $home/ohpc-smoke" >&2
  exit 1
fi
echo "directory $directory"
moment
if [ -n "$compile" ]; then
  # shellcheck disable=SC2016
  ask_user 120 bash --noprofile --norc -c 'cd "$1" && eval "$2"' bash "$directory" "$compile"
  moment
fi
ask_user 60 sbatch --parsable --chdir="$directory" "$directory/job.sh"
while IFS= read -r line; do
  if [[ $line =~ ^([0-9]{1,10})(\;[A-Za-z0-9_-]+)?$ ]]; then job=${BASH_REMATCH[1]}; fi
done <<<"$answer"
if [ -z "$job" ]; then
  tail -n 50 <<<"$answer" >&2
  echo "sbatch did not tell the number of a job" >&2
  exit 1
fi

# What Slurm itself says of the job: fields without any text of the user's.
look() {
  local id owner fields=JobID:'|',UserName:'|',State:'|',exit_code:'|',NodeList:'|',TimeUsed:'|',Reason:'|'
  state='' exit_code='' nodes='' run_time='' reason=''
  # slurmctld may be busy for a moment; the deadline decides when that is too long.
  IFS='|' read -r id owner state exit_code nodes run_time reason _ \
    < <(timeout 30 squeue --noheader --states=all --jobs="$job" -O "$fields" 2>/dev/null) || true
  [ -n "${id-}" ] || return 0
  if [ "$id" != "$job" ] || [ "$owner" != "$user" ]; then
    job=''
    echo "the job that sbatch told is not one of $user" >&2
    exit 1
  fi
  reason=${reason//[^A-Za-z0-9_,:;.()=-]/_}
}

look
echo "job $job"
told='' stuck=''
while :; do
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
            cancel || true
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
    cancel || true
    echo "end OVERDUE ${state:-UNKNOWN} $reason"
    exit 0
  fi
  moment
  look
done

ended=yes
echo "end $state $exit_code ${nodes:-none} $run_time"
echo output
# A job that never ran has written nothing; what is no file, or a file of somebody else's, is none of its output.
# shellcheck disable=SC2016
timeout 40 head -c 4000000 < <(as_user 30 bash --noprofile --norc -c 'cd "$1" && [ -f output.txt ] && tail -c 4000000 output.txt' bash "$directory" 2>/dev/null) || true
