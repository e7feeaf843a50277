# shellcheck shell=bash
# Looks at the whole cluster from the master, in one go. `$1`: the program that asks the node units; `$2`…: directories
# whose disks are of interest; standard input: lines `ADDRESS NAME`, one per node. Fields are separated by unit
# separators; where the last one is free text, by bars. Comes behind node-rows.sh.
# Nothing here may fail: what cannot be told is left out.
set +e
program=$1
shift
field=$'\x1f'

# Not in /tmp, which may be full.
scratch=$(mktemp -d -p /run 2>/dev/null || mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
# Node units are asked while Slurm is: neither waits for the other.
exec 3<&0
python3 -c "$program" state <&3 >"$scratch/units" 2>/dev/null &

# A daemon that hangs is connected to by the kernel all the same: it is asked what only one that works can answer. Whoever
# asks MariaDB takes SIGTERM for a reason to wait.
ask_daemon() {
  case $1 in
    munge) munge --no-input | unmunge >/dev/null ;;
    mariadb) mariadb-admin ping >/dev/null ;;
    slurmdbd) sacctmgr --noheader --parsable2 show cluster format=cluster >/dev/null ;;
    slurmctld) scontrol ping ;;
  esac
}
export -f ask_daemon
for unit in munge mariadb slurmdbd slurmctld; do
  {
    # shellcheck disable=SC2016 # the inner bash expands it
    timeout --signal=KILL 5 bash -c 'ask_daemon "$1"' ask "$unit" >"$scratch/$unit.said" 2>&1
    echo $? >"$scratch/$unit.code"
  } &
done
# A disk of a server that is gone would hold up everything.
disk=0
for path; do
  {
    timeout --signal=KILL 5 df --block-size=1 --output=target,size,used,avail,itotal,iused "$path" 2>/dev/null | tail -n +2 >"$scratch/disk.$disk"
    if [ "${PIPESTATUS[0]}" = 137 ]; then echo "$path silent" >"$scratch/disk.$disk"; fi
  } &
  disk=$((disk + 1))
done

section() { printf '\f%s\n' "$1"; }

section version
sinfo --version 2>/dev/null
section services
for unit in munge mariadb slurmdbd slurmctld; do
  until [ -s "$scratch/$unit.code" ]; do sleep 0.02; done
  answer=answers
  if [ "$(cat "$scratch/$unit.code")" = 137 ]; then answer=silent; fi
  printf '%s%s%s%s%s\n' "$unit" "$field" "$(systemctl is-active "$unit" 2>/dev/null)" "$field" "$answer"
done
section controller
ping=$(cat "$scratch/slurmctld.said")
printf '%s\n' "$ping"
if [[ $ping == *'is UP'* ]]; then
  section nodes
  node_rows 15 '%N|%T|%u|%H|%E' --all 2>/dev/null
  section partitions
  timeout 15 sinfo --noheader --format="%P$field%a$field%l$field%F" 2>/dev/null
  section jobs
  timeout 15 squeue --noheader --format=%T 2>/dev/null | sort | uniq -c
fi
section generation
generation=/srv/ohpc/bundle/current/generation
if [ -e "$generation" ]; then echo "$(cat "$generation") $(($(date +%s) - $(stat -c %Y "$generation")))"; fi
wait
section disks
cat "$scratch"/disk.* 2>/dev/null | awk '!seen[$1]++'
section units
cat "$scratch/units"
