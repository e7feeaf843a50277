# shellcheck shell=bash disable=SC2034,SC2154
# The engine that the cluster was made with. Reads: cluster, site, label, engine_choice. Short: a copy is in the state of every machine.

PATH=$PATH:/usr/sbin:/sbin
: "${XDG_STATE_HOME:=}"
directory="@PRIVATE_DIRECTORY@/$cluster"
engine=$(cat "$directory/engine" 2>/dev/null) || engine=${OHPC_ENGINE:-$engine_choice}
[ -n "$engine" ] || engine=$(type -P podman || echo docker)
case $engine in *podman) remove=(rm -f -v -t 0) ;; *) remove=(rm -f -v) ;; esac
ours=(--filter "label=$label.cluster=$cluster" --filter "label=$label.site=$site")
