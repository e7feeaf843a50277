# shellcheck shell=bash disable=SC2034,SC2154
# What all scripts of the local cloud share. Reads: label, cluster, site.

# Filters for `ps` that let nothing through but this cluster's containers in this site.
ours=(--filter "label=$label.cluster=$cluster" --filter "label=$label.site=$site")

quit() { engine_quit 1 "$@"; }

# Removes containers at once, running or not, with the volumes that have no name.
remove() {
  [ $# -gt 0 ] || return 0
  case $engine_name in
    podman) engine rm -f -v -t 0 "$@" ;;
    *) engine rm -f -v "$@" ;;
  esac >/dev/null
}

# Puts into the list `found` what the command prints, one word per line. Ends the script if the command fails.
collect() {
  local lines line
  lines=$("$@") || exit
  found=()
  while read -r line; do [ -z "$line" ] || found+=("$line"); done <<<"$lines"
}

# The subnets of the networks $@, with spaces or ends of lines between.
subnets_of() {
  case $engine_name in
    podman) engine network inspect --format '{{range .Subnets}}{{.Subnet}} {{end}}' "$@" ;;
    *) engine network inspect --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' "$@" ;;
  esac
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
