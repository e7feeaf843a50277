# shellcheck shell=bash disable=SC2034,SC2154
# What all scripts of the local cloud share. Reads: label, cluster, site, owner (the mark of the state that asks; empty: of one from before there were marks).

# Filters for `ps` that let nothing through but this cluster's containers in this site.
ours=(--filter "label=$label.cluster=$cluster" --filter "label=$label.site=$site")

quit() { engine_quit 1 "$@"; }

# Puts into the list `found` the names of the volumes that say whose the cluster is: one, or none as long as nobody has marked it.
marks() { collect engine volume ls -q --filter "label=$label.owned=$cluster"; }

# Ends the script if the cluster is there and another state's. It may be taken over on purpose: then OHPC_TAKE_OVER is its name.
refuse_strangers() {
  marks
  case ${#found[@]}:${found[*]-} in 0: | "1:ohpc-$cluster-owner-${owner-}") return 0 ;; esac
  # A terraform that was killed here may have marked the cluster before it wrote down with what.
  [ "$(engine volume inspect --format "{{index .Labels \"$label.folder\"}}" "${found[@]}")" != "$PWD" ] || return 0
  refuse_if_there
}

refuse_if_there() {
  [ "${OHPC_TAKE_OVER-}" != "$cluster" ] || return 0
  local there
  there=$(
    engine ps -aq --filter "label=$label.cluster=$cluster" &
    containers=$!
    engine network ls -q --filter "label=$label.cluster=$cluster" &
    networks=$!
    engine volume ls -q --filter "label=$label.cluster=$cluster" || exit
    wait "$containers" || exit
    wait "$networks" || exit
  )
  [ -z "$there" ] || quit "The cluster \"$cluster\" on this machine belongs to another Terraform state." \
    "Work where it was made, or bring that state here; to take it over on purpose: ohpc up STACK --take-over (or OHPC_TAKE_OVER=$cluster before terraform)."
}

# Marks the cluster as this state's, and as nobody else's.
mark() {
  [ -n "${owner-}" ] || return 0
  marks
  local one name="ohpc-$cluster-owner-$owner"
  case " ${found[*]-} " in
    *" $name "*) ;;
    *) engine volume create --label "$label.owned=$cluster" --label "$label.folder=$PWD" "$name" >/dev/null ;;
  esac
  for one in ${found[@]+"${found[@]}"}; do
    [ "$one" = "$name" ] || engine volume rm "$one" >/dev/null
  done
}

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
