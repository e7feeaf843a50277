# shellcheck shell=bash disable=SC2154,SC2164
# A cluster as somebody sets it up who knows what to do, and does it once: podman, one bash script per machine over SSH, no
# question asked. The same machines, from the same image with the same flags; the same Slurm with one user. It has no plan, no
# state, no accounting database, and nothing that could be run again.
# up-by-hand.sh NODES IMAGE NAME NETWORK DIRECTORY up|down; comes behind the engine's prelude. NETWORK: 10.200
# Prints lines STAGE SECONDS.
nodes=$1 image=$2 name=$3 network=$4 directory=$5 what=$6
pm=("${engine_line[@]}")

if [ "$what" = down ]; then
  mapfile -t there < <("${pm[@]}" ps -aq --filter "name=^$name-")
  [ ${#there[@]} = 0 ] || "${pm[@]}" rm -f -v -t 0 "${there[@]}" >/dev/null
  ! "${pm[@]}" network exists "$name-net" || "${pm[@]}" network rm "$name-net" >/dev/null
  ! "${pm[@]}" volume exists "$name-home" || "${pm[@]}" volume rm "$name-home" >/dev/null
  exit
fi

started=${EPOCHREALTIME/./}
stage() {
  local now=${EPOCHREALTIME/./}
  printf '%s %d.%06d\n' "$1" $(((now - started) / 1000000)) $(((now - started) % 1000000))
  started=$now
}

# --- containers
mkdir -p "$directory/cm" "$directory/files"
cd "$directory"
ssh-keygen -q -t ed25519 -N '' -f id
ssh-keygen -q -t ed25519 -N '' -f host_key
awk '{ print "* " $1 " " $2 }' host_key.pub >known_hosts
"${pm[@]}" network create --internal --subnet "$network.0.0/16" --gateway "$network.255.254" "$name-net" >/dev/null
"${pm[@]}" volume create "$name-home" >/dev/null
address_of() { if [ "$1" = master ]; then echo "$network.0.10"; else echo "$network.1.${1#c}"; fi; }
start() {
  "${pm[@]}" run -d --pull=never --name "$name-$1" --hostname "$1" --network "$name-net" --ip "$(address_of "$1")" \
    "${engine_limits[@]}" --pids-limit=-1 --systemd=always --no-hosts --stop-signal=SIGRTMIN+3 \
    --cap-add SYS_ADMIN,SYS_PTRACE,NET_ADMIN,SYS_NICE,AUDIT_WRITE --security-opt seccomp=unconfined --security-opt unmask=all \
    --device /dev/fuse --shm-size=1g --tmpfs /tmp:rw,exec,mode=1777 -v "$name-home:/home" \
    -v "$directory/id.pub:/etc/ssh/authorized_keys.d/root:ro" -v "$directory/host_key:/etc/ssh/ssh_host_ed25519_key:ro" \
    -v "$directory/host_key.pub:/etc/ssh/ssh_host_ed25519_key.pub:ro" "$image" >/dev/null
}
hosts=(master)
for ((k = 1; k <= nodes; k++)); do hosts+=("c$k"); done
running=()
for host in "${hosts[@]}"; do
  start "$host" &
  running+=($!)
done
for pid in "${running[@]}"; do wait "$pid"; done
stage containers

# --- SSH
answers() (
  exec 3<>"/dev/tcp/$(address_of "$1")/22" && read -r -t 1 banner <&3 && [[ $banner == SSH-* ]]
)
for host in "${hosts[@]}"; do
  until answers "$host" 2>/dev/null; do sleep 0.05; done
done
stage ssh

# --- configuration
head -c 1024 /dev/urandom >files/munge.key
{
  echo '127.0.0.1 localhost'
  for host in "${hosts[@]}"; do echo "$(address_of "$host") $host"; done
} >files/hosts
cat >files/slurm.conf <<CONF
ClusterName=$name
SlurmctldHost=master
SlurmUser=slurm
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
NodeName=c[1-$nodes] CPUs=2 RealMemory=1024 State=UNKNOWN
PartitionName=cpu Nodes=ALL Default=YES State=UP
CONF
echo 'CgroupPlugin=disabled' >files/cgroup.conf
tar -C files -cf files.tar .
cat >setup <<'SETUP'
set -euo pipefail
cd "$(mktemp -d)"
tar -xf -
cat hosts >/etc/hosts
install -o munge -g munge -m 0400 munge.key /etc/munge/munge.key
install -m 0644 slurm.conf cgroup.conf /etc/slurm/
groupadd -g 2001 alice
useradd -u 2001 -g 2001 -M -d /home/alice -s /bin/bash alice
systemctl enable --quiet munge "$1"
systemctl start munge
if [ "$1" = slurmctld ]; then
  install -d -o slurm -g slurm /var/spool/slurmctld
  install -d -o alice -g alice -m 0700 /home/alice
else
  # Its unit reads what configless nodes get.
  echo 'SLURMD_OPTIONS=' >/etc/default/slurmd
fi
systemctl start "$1"
SETUP
on() {
  ssh -F none -i id -o IdentityAgent=none -o BatchMode=yes -o UserKnownHostsFile=known_hosts -o GlobalKnownHostsFile=/dev/null \
    -o StrictHostKeyChecking=yes -o ControlMaster=auto -o ControlPersist=60 -o "ControlPath=cm/%C" "root@$(address_of "$1")" "${@:2}"
}
set_up() { on "$1" "bash -c $(printf %q "$(cat setup)") setup $2" <files.tar; }
set_up master slurmctld
running=()
for host in "${hosts[@]:1}"; do
  set_up "$host" slurmd &
  running+=($!)
done
for pid in "${running[@]}"; do wait "$pid"; done
stage configuration

# --- idle
until [ "$(on master 'sinfo --noheader --Node --format=%T' 2>/dev/null | grep -cx idle)" = "$nodes" ]; do sleep 0.1; done
stage idle
for host in "${hosts[@]}"; do on "$host" -O exit 2>/dev/null || true; done
