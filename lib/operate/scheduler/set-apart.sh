# shellcheck shell=bash
# Looks at nodes, after people have set them apart or given them back, if that is wanted. Comes behind node-rows.sh.
# set-apart.sh look HOSTLIST
# set-apart.sh drain HOSTLIST REASON
# set-apart.sh resume HOSTLIST
systemctl is-active --quiet slurmctld || {
  echo 'slurmctld does not run' >&2
  exit 1
}
case $1 in
  # Of a reason in quotes scontrol takes these away, and leaves those that are in it.
  drain) timeout 20 scontrol update nodename="$2" state=drain reason="\"$3\"" ;;
  resume) timeout 20 scontrol update nodename="$2" state=resume ;;
esac
node_rows 20 '%N|%T|%u|%H|%E' --all --nodes="$2"
