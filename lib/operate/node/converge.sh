#!/bin/bash
# Makes this machine a node of its cluster, and keeps it one: run at boot, every minute, and when the master kicks.
#
# Each stage looks first and touches only what is not yet so. The first stage that is not possible yet says why in
# /run/ohpc/node.json and ends the run; systemd starts the next one two seconds later, for as long as it takes.
# A slurmd that runs already is left running while the master is silent: its jobs go on.
set -uo pipefail
export LC_ALL=C.UTF-8

bundle=/run/ohpc/bundle
state=/run/ohpc/node.json
registry=/var/lib/ohpc/accounts.json
drained=/var/lib/ohpc/drained drained_here=/run/ohpc/drained
# Since when slurmd has run in this boot: /run is empty after the next one.
booted=/run/ohpc/slurmd-started
host=$(uname -n)
host=${host%%.*}

# Whoever can read a file can lock it.
install -d -m 0700 /run/ohpc/locks
exec 9>/run/ohpc/locks/converge.lock
flock -n 9 || { echo "another run is under way" >&2; exit 0; }

generation=$(cat "$bundle/generation")
# Without jq, which a stock machine does not have yet; quotes in the message are escaped.
before() { sed -nE "s/.*\"$1\": ?\"?([^\",}]*).*/\\1/p" "$state" 2>/dev/null; }
before_stage=$(before stage) before_ok=$(before ok) before_since=$(before since) before_attempts=$(before attempts)
: "${before_stage:=boot}" "${before_attempts:=0}"

# What only somebody else can mend: nobody waits for this node any longer.
final=''
call_final() { final=',"final":true'; }

# Without a process of its own: every stage says so, on all nodes at once.
now() { TZ=UTC0 printf -v "$1" '%(%Y-%m-%dT%H:%M:%SZ)T' -1; } # variable

report() { # ok message
  local message=${2//\\/\\\\} since attempts=1
  message=${message//\"/\\\"}
  message=${message//[[:cntrl:]]/ }
  now since
  if [ "$before_stage" = "$stage" ] && [ "$before_ok" = "$1" ]; then
    since=$before_since
    [ "$1" = true ] || attempts=$((before_attempts + 1))
  fi
  printf '{"stage":"%s","ok":%s,"message":"%s","generation":%s,"since":"%s","attempts":%s,"at":%s%s}\n' \
    "$stage" "$1" "$message" "$generation" "$since" "$attempts" "$EPOCHSECONDS" "$final" >"$state.new"
  mv -fT "$state.new" "$state"
}

stages=' boot bundle software mounts hosts munge accounts time devices room controller slurmd ready '

# Says how far this run is, but only where no run has been: a node that is ready, or waits for something, goes on saying
# that while it is looked at again.
begin() { # stage
  stage=$1
  local here=${stages%% "$stage" *} before=${stages%% "$before_stage" *}
  if [ "${#here}" -gt "${#before}" ]; then report false "under way"; fi
}

# What a node lacks that is one all the same: why a machine that older roles made is not yet what these make of it; disks that fill.
behind='' filling=''
lacks() { local said="$behind${behind:+${filling:+; }}$filling"; printf '%s' "$said"; }

not_yet() { # message
  local message=$1 also
  also=$(lacks)
  message+=${also:+; $also}
  echo "$stage: $message" >&2
  report false "$message"
  exit 1
}

last_words() { # unit
  journalctl --quiet --unit "$1" --lines 20 --output cat 2>/dev/null | grep -E 'error|fatal' | tail -n 1
}

start_slurmd() {
  local said words
  said=$(timeout 60 systemctl restart slurmd 2>&1) && return
  words=$(last_words slurmd)
  case $said in *' is masked.'*) words=${said##*$'\n'} ;; esac
  not_yet "slurmd does not start: ${words:-${said%%$'\n'*}}"
}

# Whoever has drained it gives it back: a reason of ours would have it come back by itself.
is_drained() { timeout 10 scontrol --oneliner show node "$host" 2>/dev/null | grep -q ' State=[^ ]*DRAIN'; }

# Jobs that run may not need what is not there; new ones must not come. The reason tells us later that it was us.
# A slurmd that tries to start would not get far without it.
take_no_jobs() { # message
  if ! systemctl is-active --quiet slurmd; then
    systemctl stop slurmd
  elif ! is_drained; then
    timeout 10 scontrol update NodeName="$host" State=DRAIN Reason="ohpc: $1" 2>/dev/null && mark_drained
  fi
}
# A disk that is full may not take a file either.
mark_drained() { touch "$drained" 2>/dev/null || touch "$drained_here"; }

# Without room for a few small files a job does not fail: MPI's ranks stand still before they begin, for ever. A disk that is
# merely nearly full is told; what counts as full is what nobody can work with, whatever its size.
# Prints `full PATH WORDS` and `filling PATH WORDS`, one line for each file system.
room() {
  timeout 10 df --block-size=1K --output=target,size,used,avail,itotal,iavail / /tmp /var/spool/slurmd /dev/shm 2>/dev/null |
    awk 'NR > 1 && !seen[$1]++ {
      share = $3 + $4 > 0 ? $3 / ($3 + $4) : 0
      words = sprintf("%s is %d %% full", $1, 100 * share)
      if ($4 < 1024 || ($4 < 102400 && share >= 0.99)) print "full " words
      else if (share >= 0.95) print "filling " words
      if ($5 + 0 > 0 && $6 < 100) print "full " $1 " can hold no more files"
      else if ($5 + 0 > 0 && $6 / $5 < 0.05) print "filling " $1 " can hold " $6 " more files"
    }'
}

stage=bundle
if [ -z "$generation" ] || [ ! -s "$bundle/node.json" ]; then not_yet "the bundle in $bundle is not whole"; fi

# The controller calls slurmd on the port that slurm.conf names now: one that runs is moved there before anything that takes
# minutes, because a node that is silent for SlurmdTimeout loses its jobs. They go on while slurmd is started anew, which
# also tells them where the controller is now (since 23.11).
slurmd_options() { echo "SLURMD_OPTIONS=\"--conf-server $1\""; }
if command -v jq >/dev/null && systemctl is-active --quiet slurmd; then
  options=$(slurmd_options "$(jq -r '"\(.master.host):\(.slurmctldPort)"' "$bundle/node.json")")
  if [ "$(cat /etc/default/slurmd 2>/dev/null)" != "$options" ]; then
    echo "$options" >/etc/default/slurmd
    timeout 60 systemctl restart slurmd
  fi
fi

begin software
# Prints what is going on as it goes on; the last line tells why it failed.
apply_roles() {
  local line
  bash "$bundle/apply-roles" "$roles" "$wanted" "$(cat "$bundle/slurm-version")" 2>&1 9>&- | while IFS= read -r line; do
    printf '%s\n' "$line" >&2
    case $line in
      'TASK ['* | 'RUNNING HANDLER ['*)
        line=${line#*[}
        report false "under way: ${line%%]*}"
        ;;
      'failed at '*) printf '%s\n' "$line" ;;
    esac
  done
  return "${PIPESTATUS[0]}"
}
roles=/run/ohpc/roles
failed=/run/ohpc/software-failed
wanted=$(cat "$bundle/software") has=$(cat /usr/share/ohpc/software 2>/dev/null)
# Older roles are better than no node: such a machine goes on as it is, and tries again later.
fall_behind() { # why
  behind="its software is of older roles: $1"
}
if [ "$has" != "$wanted" ]; then
  if [ "$(cat "$roles/hash" 2>/dev/null)" != "$wanted" ]; then
    said="it has not what the roles make of a machine, and its node unit is too old to fetch them: make the machine anew"
    if [ -z "$has" ]; then
      call_final
      not_yet "$said"
    fi
    fall_behind "$said"
  elif [ -n "$has" ] && [ "$(head -n 1 "$failed" 2>/dev/null)" = "$wanted" ] && [ -n "$(find "$failed" -mmin -10)" ]; then
    fall_behind "$(tail -n +2 "$failed")"
  else
    # Of all that is reported while it runs, `since` is the beginning.
    if [ "$before_stage $before_ok" != 'software false' ]; then before_attempts=0 && now before_since; fi
    before_stage=software before_ok=false
    if said=$(apply_roles); then
      rm -rf "$roles" "$failed"
    else
      report false "$said"
      if [ -z "$has" ]; then
        sleep 20 # mirrors are not asked every two seconds
        exit 1
      fi
      printf '%s\n%s\n' "$wanted" "$said" >"$failed"
      fall_behind "$said"
    fi
  fi
fi

seen=$(room)
joined() { sed -n "s/^$1 //p" <<<"$seen" | paste -sd, | sed 's/,/, /g'; }
full=$(joined full) filling=$(joined filling)
# Also where another stage comes to no end, for want of that room perhaps.
if [ -n "$full" ]; then take_no_jobs "$full"; fi

pool=$(awk -v host="$host" '$1 == host { print $2; exit }' "$bundle/nodes")
master='' port='' metadata='' home_kind='' home_path='' home_server='' home_export='' home_options='' devices=''
eval "$(jq -r --arg pool "$pool" '@sh "master=\(.master.host) port=\(.slurmctldPort) metadata=\(.metadata)
  home_kind=\(.home.kind) home_path=\(.home.path) home_server=\(.home.server // "") home_export=\(.home.export // "")
  home_options=\(.home.options // "")
  devices=\([.pools[] | select(.name == $pool) | .devices[]] | join(" "))"' "$bundle/node.json")"

begin mounts
case $home_kind in
  mounted)
    mountpoint -q "$home_path" || not_yet "nothing is mounted at $home_path, where the platform should have mounted the home directories"
    ;;
  nfs)
    source=$home_server:$home_export
    mounted=$(findmnt --noheadings --output SOURCE --mountpoint "$home_path" || true)
    if [ -z "$mounted" ]; then
      mkdir -p "$home_path"
      said=$(timeout 30 mount -t nfs4 -o "$home_options,retry=0" "$source" "$home_path" 2>&1) ||
        not_yet "cannot mount $source at $home_path: ${said:-no answer within 30 s}"
    elif [ "$mounted" != "$source" ]; then
      not_yet "$mounted is mounted at $home_path instead of $source: reboot the node"
    fi
    said=$(timeout --signal KILL 10 stat --terse "$home_path" 2>&1 >/dev/null) ||
      case $said in
        *'Stale file handle'*) not_yet "$source is another disk than the one that was mounted at $home_path: reboot the node" ;;
        *) not_yet "$source does not answer (mounted at $home_path)" ;;
      esac
    ;;
esac

begin hosts
said=$(bash "$bundle/write-hosts" "$bundle/hosts" 2>&1) || not_yet "cannot write /etc/hosts: $said"

begin munge
if ! cmp -s "$bundle/munge.key" /etc/munge/munge.key; then
  if [ -d /etc/munge/munge.key ]; then rmdir /etc/munge/munge.key; fi
  said=$(install -o munge -g munge -m 0400 "$bundle/munge.key" /etc/munge/munge.key.new 2>&1 &&
    mv -fT /etc/munge/munge.key.new /etc/munge/munge.key 2>&1 && systemctl restart munge 2>&1) || not_yet "cannot change the munge key: $said"
fi
systemctl is-active --quiet munge || said=$(systemctl start munge 2>&1) || not_yet "munge does not start: $said"
said=$(timeout --kill-after=1 10 bash -o pipefail -c 'munge --no-input | unmunge' 2>&1 >/dev/null) || not_yet "munge does not answer: $said"

begin accounts
# Before anybody who could ask the cloud for the machine's credentials is known here.
if [ "$metadata" = true ]; then
  said=$(for unit in ohpc-metadata-guard.timer ohpc-metadata-guard.service; do
    systemctl is-enabled --quiet "$unit" || systemctl enable --quiet "$unit" || exit
  done 2>&1 && systemctl start ohpc-metadata-guard.timer 2>&1 && /usr/lib/ohpc/metadata-guard 2>&1) ||
    not_yet "users cannot be kept from this machine's cloud identity: ${said##*$'\n'}"
fi
homes=()
# Without a home disk each machine has its own homes. Whoever is wanted no more stays while a job of theirs is here.
[ "$home_kind" != none ] || homes=(--homes)
said=$(python3 -IS "$bundle/accounts.py" apply --registry "$registry" --keep busy "${homes[@]}" <"$bundle/accounts.json" 2>&1) || not_yet "${said##*$'\n'}"

begin time
if systemd-detect-virt --container --quiet; then
  : # The clock is the host's.
elif systemctl is-active --quiet chrony || systemctl is-active --quiet chronyd; then
  chronyc -n tracking 2>/dev/null | grep -q '^Leap status *: Normal' || not_yet "the clock is not in sync yet (chronyc tracking)"
else
  [ "$(timedatectl show --property NTPSynchronized --value 2>/dev/null)" = yes ] || not_yet "the clock is not in sync yet (timedatectl)"
fi

begin devices
missing=()
for device in $devices; do
  [ -c "$device" ] || missing+=("$device")
done
if [ ${#missing[@]} -gt 0 ]; then
  message="promised, but not there: ${missing[*]}"
  # A machine that has come up without them, most often without their driver, does not get them by itself.
  systemctl is-active --quiet slurmd || call_final
  report false "$message"
  take_no_jobs "$message"
  not_yet "$message"
fi

begin room
[ -z "$full" ] || not_yet "$full"

begin controller
# shellcheck disable=SC2016 # the inner bash gets them as its own $0 and $1
timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$master" "$port" 2>/dev/null || not_yet "slurmctld does not answer at $master:$port"

begin slurmd
# The bundle comes last: a node that it knows, slurm.conf knows, and what the node was promised is in it.
[ -n "$pool" ] || not_yet "the cluster does not have $host yet: run ohpc configure"
options=$(slurmd_options "$master:$port")
if [ "$(cat /etc/default/slurmd 2>/dev/null)" != "$options" ] || ! systemctl is-active --quiet slurmd; then
  ours=$(slurmd -V | awk '{ print $2 }') theirs=$(cat "$bundle/slurm-version")
  if [ "$(printf '%s\n' "$ours" "$theirs" | sort --version-sort | tail -n 1)" != "$theirs" ]; then
    call_final
    not_yet "slurmd $ours is newer than the controller's $theirs, which Slurm does not allow: upgrade the master first"
  fi
  said=$(SLURM_CONF_SERVER=$master:$port timeout 10 scontrol --oneliner show node "$host" 2>&1) ||
    case $said in
      *"not found"*) not_yet "slurm.conf on $master does not have $host yet: run ohpc configure" ;;
      *) not_yet "slurmctld does not tell about $host: ${said##*$'\n'}" ;;
    esac
  # Who drained it before a reboot did not leave a mark on a disk that was full.
  if [[ $said == *"Reason=ohpc: "* ]]; then mark_drained; fi
  # Slurm knows a reboot by the time of boot, and in a container that is the host's: slurmd's -b says that there was one.
  rebooted=''
  case $said in
    *REBOOT_ISSUED*) if [ ! -e "$booted" ] && systemd-detect-virt --quiet --container; then rebooted=yes; fi ;;
  esac
  echo "${options%\"}${rebooted:+ -b}\"" >/etc/default/slurmd
  start_slurmd
  touch "$booted"
  if [ -n "$rebooted" ]; then
    for ((k = 0; k < 100; k++)); do
      case $(timeout 10 scontrol --oneliner show node "$host" 2>/dev/null) in *REBOOT_ISSUED*) sleep 0.2 ;; *) break ;; esac
    done
    # No later start is a boot.
    echo "$options" >/etc/default/slurmd
    start_slurmd
  fi
fi
if [ -e "$drained" ] || [ -e "$drained_here" ]; then
  case $(timeout 10 scontrol --oneliner show node "$host" 2>/dev/null) in
    *"Reason=ohpc: "*) timeout 10 scontrol update NodeName="$host" State=RESUME || not_yet "cannot resume $host in Slurm" ;;
  esac
  rm -f "$drained" "$drained_here"
fi

stage=ready
report true "$(lacks)"

# What was published while this ran would otherwise wait for the next minute.
if [[ ${OHPC_BUNDLE:-} == mounted:* ]] && [ "$(cat "${OHPC_BUNDLE#mounted:}/current/generation" 2>/dev/null)" != "$generation" ]; then
  exec /usr/lib/ohpc/ohpc-node run
fi
