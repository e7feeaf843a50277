#!/usr/bin/env bash
# What the oracle tests run inside the node image: Slurm's own opinion of the golden files, which lie at /golden.
# The container has no network but loopback, so the addresses of the files may be given to it.
set -euo pipefail

# Waits until a command succeeds; shows the log when it does not in time.
until_ok() {
  local log=$1 deadline=$((SECONDS + 120))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || { cat "$log" >&2; return 1; }
    sleep 0.05
  done
}

# Everything that all clusters share: munge, MariaDB with slurmdbd's user, a user with and one without account.
prepare() {
  ip link set lo up
  head -c 1024 /dev/urandom >/etc/munge/munge.key
  chown munge:munge /etc/munge/munge.key
  chmod 0400 /etc/munge/munge.key
  install -d -o munge -g munge /run/munge /var/log/munge /var/lib/munge
  runuser -u munge -- munged
  install -d -o mysql -g mysql /srv/ohpc/state/mysql /run/mysqld
  mariadb-install-db --user=mysql --datadir=/srv/ohpc/state/mysql --auth-root-authentication-method=socket >/dev/null
  mariadbd --user=mysql --datadir=/srv/ohpc/state/mysql --skip-networking >/var/log/mariadb.log 2>&1 &
  until_ok /var/log/mariadb.log mariadb -e 'SELECT 1'
  mariadb -e 'CREATE USER slurm@localhost IDENTIFIED VIA unix_socket; GRANT ALL ON slurm_acct_db.* TO slurm@localhost'
  # What systemd's units make.
  install -d -o slurm -g slurm /run/slurmctld /run/slurmdbd
  useradd -m alice
  useradd -m mallory
  install_files cpu-and-gpu
}

# Puts the golden files of a cluster where they belong, and makes the machine its master.
install_files() {
  local golden=/golden/$1 address
  rm -f /etc/slurm/*.conf
  cp "$golden"/*.conf /etc/slurm/
  chown slurm:slurm /etc/slurm/slurmdbd.conf
  chmod 0600 /etc/slurm/slurmdbd.conf
  address=$(sed -n 's/^SlurmctldHost=master(\(.*\))$/\1/p' "$golden/slurm.conf")
  ip address replace "$address/32" dev lo
  printf '127.0.0.1 localhost\n%s master\n' "$address" >/etc/hosts
  rm -rf /srv/ohpc/state/slurmctld
  install -d -o slurm -g slurm -m 0700 /srv/ohpc/state/slurmctld
}

stop() {
  jobs -p | xargs -r kill 2>/dev/null || true
  wait
}

# As systemd does it: neither root nor kept from ports below 1024.
as_slurm=(setpriv --reuid=slurm --regid=slurm --init-groups --inh-caps=+net_bind_service --ambient-caps=+net_bind_service --)

# Starts a daemon again where it has ended, as systemd would: now and then libmariadb misreads an answer ("5027 Number of
# columns in result") and slurmdbd gives up, or slurmctld does ("agent queue is full (0)").
declare -A started
keep() { # DAEMON
  local pid=${started[$1]:-}
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then return; fi
  "${as_slurm[@]}" "$1" -D >>"/var/log/slurm/oracle-$1.log" 2>&1 &
  started[$1]=$!
}
database_answers() {
  keep slurmdbd
  sacctmgr -n list cluster
}
controller_answers() {
  keep slurmctld
  [[ $(timeout 30 scontrol ping) == *" is UP"* ]]
}

# Starts slurmdbd with the cluster and its users; they are there already the second time.
database() {
  trap stop EXIT
  until_ok /var/log/slurm/oracle-slurmdbd.log database_knows
}
# It may also end in the middle: what sacctmgr ends with is the same as when there was nothing to add.
database_knows() {
  local cluster
  cluster=$(sed -n 's/^ClusterName=//p' /etc/slurm/slurm.conf)
  database_answers || return 1
  add cluster "$cluster"
  add account users
  add user alice account=users
  [ -n "$(sacctmgr -n show associations cluster="$cluster" account=users user=alice format=user)" ]
}

# sacctmgr ends with 1 when there was nothing to add.
add() { sacctmgr -i add "$@" >/dev/null || (($? == 1)); }

# Runs the script on standard input while slurmdbd and slurmctld run with a cluster's files.
controller() {
  install_files "$1"
  database
  until_ok /var/log/slurm/oracle-slurmctld.log controller_answers
  bash -euo pipefail /dev/stdin
}

# What slurmctld says of a cluster's slurm.conf as a sed expression changed it.
refused() {
  install_files "$1"
  database
  sed -i "$2" /etc/slurm/slurm.conf
  ! cmp -s /etc/slurm/slurm.conf "/golden/$1/slurm.conf" || { echo "nothing changed"; return; }
  if timeout 120 "${as_slurm[@]}" slurmctld -D 2>&1; then echo "slurmctld ended well"; fi
}

# For each line, a hostlist: its hosts, with spaces between them.
hostnames() {
  while read -r list; do scontrol show hostnames "$list" | paste -sd' '; done
}

# For each line, hosts with commas between them: Slurm's own hostlist.
hostlists() {
  while read -r hosts; do scontrol show hostlist "$hosts"; done
}

"$@"
