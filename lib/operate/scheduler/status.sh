# shellcheck shell=bash
# Looks at the whole cluster from the master, in one go. `$1`: the program that asks the node units; `$2`…: directories
# whose disks are of interest; standard input: lines `ADDRESS NAME`, one per node. Fields are separated by unit
# separators; where the last one is free text, by bars. Comes behind node-rows.sh.
# Nothing here may fail: what cannot be told is left out.
set +e
program=$1
shift
field=$'\x1f'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Node units are asked while Slurm is: neither waits for the other.
exec 3<&0
python3 -c "$program" state <&3 >"$scratch/units" 2>/dev/null &

section() { printf '\f%s\n' "$1"; }

section version
sinfo --version 2>/dev/null
section controller
ping=$(timeout 5 scontrol ping 2>&1)
printf '%s\n' "$ping"
section services
for unit in munge mariadb slurmdbd slurmctld; do
  printf '%s%s%s\n' "$unit" "$field" "$(systemctl is-active "$unit" 2>/dev/null)"
done
if [[ $ping == *'is UP'* ]]; then
  section nodes
  node_rows '%N|%T|%u|%H|%E' 2>/dev/null
  section partitions
  timeout 15 sinfo --noheader --format="%P$field%a$field%l$field%F" 2>/dev/null
  section jobs
  timeout 15 squeue --noheader --format=%T 2>/dev/null | sort | uniq -c
fi
section disks
df --block-size=1 --output=target,size,used,avail "$@" 2>/dev/null | tail -n +2
section generation
cat /srv/ohpc/bundle/current/generation 2>/dev/null
wait
section units
cat "$scratch/units"
