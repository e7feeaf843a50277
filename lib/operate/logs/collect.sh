# shellcheck shell=bash
# Gathers what tells how this machine is and what it went through: `collect.sh BYTES`, of each log the last BYTES.
# Prints a line `NAME BASE64` for every file of the archive, and `names BASE64` with the names of recent jobs, which are
# taken out of all others. Nothing here may fail: what cannot be told is left out. Only root's own files are read.
set +e
export LC_ALL=C.UTF-8 SYSTEMD_COLORS=0
bytes=$1

keep() { # NAME; what it is comes on standard input
  printf '%s %s\n' "$1" "$(tail -c "$bytes" | base64 -w0)"
}
say() { # NAME COMMAND...
  local name=$1
  shift
  timeout 10 "$@" 2>&1 | keep "$name"
}

machine() {
  local command
  for command in 'uname -a' 'cat /etc/os-release' 'uptime' 'free -m' 'df -h' 'df -i' 'findmnt' 'ip -brief address' \
    'ip route' 'systemctl --failed --no-pager' 'systemctl is-system-running' 'timedatectl'; do
    printf '$ %s\n' "$command"
    # shellcheck disable=SC2086 # words of a command
    timeout 10 $command 2>&1
    echo
  done
}
machine | keep machine.txt
[ ! -e /usr/share/ohpc/versions.json ] || keep versions.json </usr/share/ohpc/versions.json
[ ! -e /usr/share/ohpc/software ] || keep software.txt </usr/share/ohpc/software
[ ! -e /run/ohpc/node.json ] || keep node-unit.json </run/ohpc/node.json
say kernel.txt dmesg

for unit in slurmctld slurmdbd mariadb munge slurmd ohpc-node nfs-server ssh chrony cloud-init cloud-final; do
  [ "$(systemctl show --property LoadState --value "$unit" 2>/dev/null)" = loaded ] || continue
  timeout 20 journalctl --quiet --unit "$unit" --lines 3000 --output short-iso --no-pager 2>/dev/null | keep "journal-$unit.log"
done
for log in /var/log/slurm/*.log /var/log/ohpc-*.log /var/log/cloud-init.log /var/log/cloud-init-output.log; do
  name=${log##*/}
  if [ -f "$log" ] && [ ! -L "$log" ]; then keep "$name" <"$log"; fi
done
for conf in slurm gres cgroup mpi topology; do
  if [ -f "/etc/slurm/$conf.conf" ]; then keep "$conf.conf" <"/etc/slurm/$conf.conf"; fi
done

if systemctl is-active --quiet slurmctld; then
  say ping.txt scontrol ping
  say nodes.txt scontrol show nodes
  say reasons.txt sinfo --list-reasons
  say partitions.txt sinfo --all
  # Names are the users' own.
  say queue.txt squeue --all --format='%.18i %.12P %.12u %.12T %.12M %.6D %.8Q %R'
  say scheduler.txt sdiag
  say settings.txt scontrol show config
fi
if systemctl is-active --quiet slurmdbd; then
  say history.txt sacct --allusers --allocations --starttime=now-7days --format=jobid,user,partition,state,exitcode,start,elapsed,nodelist
fi
if systemctl is-active --quiet slurmctld || systemctl is-active --quiet slurmdbd; then
  {
    timeout 10 squeue --all --noheader --format=%j
    timeout 20 sacct --allusers --allocations --noheader --parsable2 --starttime=now-14days --format=jobname
  } 2>/dev/null | sort -u | head -n 20000 | base64 -w0 | sed 's/^/names /'
  echo
fi
