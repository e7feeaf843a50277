# shellcheck shell=bash disable=SC2034,SC2154
# Makes the bridge of a cluster, its keys, and a route that keeps its traffic from leaving while the bridge is absent.
# Reads: network, spec, subnet, gateway, internal (yes or empty), ssh_port (empty: none is published), guard_metric.

# Sets first and last, as numbers, of subnet $1; a bare address is a subnet of one.
span() {
  local a b c d prefix size
  IFS=./ read -r a b c d prefix <<<"$1"
  size=$((1 << (32 - ${prefix:-32})))
  first=$(((a << 24 | b << 16 | c << 8 | d) / size * size))
  last=$((first + size - 1))
}

# Lines "SUBNET OWNER" of all that is there already.
subnets_in_use() {
  local name subnet subnets rest
  collect engine network ls --format '{{.Name}}'
  if [ ${#found[@]} -gt 0 ]; then
    # A line for each, in their order.
    subnets=$(subnets_of "${found[@]}")
    for name in "${found[@]}"; do
      read -r rest
      for subnet in $rest; do
        case $subnet in *:*) ;; *) echo "$subnet the $engine_name network \"$name\"" ;; esac
      done
    done <<<"$subnets"
  fi
  command -v ip >/dev/null 2>&1 || return 0
  ip -4 -o address show | while read -r _ name _ subnet rest; do echo "$subnet the interface $name"; done
}

# Prints who has part of subnet $1; fails if nobody has.
owner_of() {
  local first last from to owner subnet
  span "$1"
  from=$first to=$last
  while read -r subnet owner; do
    [ -n "$subnet" ] || continue
    span "$subnet"
    if [ "$first" -le "$to" ] && [ "$last" -ge "$from" ]; then
      echo "$subnet is $owner"
      return 0
    fi
  done <<<"$in_use"
  return 1
}

check_subnet() {
  local in_use owner n
  in_use=$(subnets_in_use)
  owner=$(owner_of "$subnet") || return 0
  for n in {64..127}; do
    owner_of "10.$n.0.0/16" >/dev/null || break
  done
  quit "The subnet $subnet of the cluster \"$cluster\" is taken: $owner." \
    "Choose another, which is free here: new LocalCloud({ subnet: \"10.$n.0.0/16\" })"
}

check_port() {
  [ -n "$ssh_port" ] || return 0
  port_taken "$ssh_port" || return 0
  quit "Port $ssh_port on 127.0.0.1, the way in to the cluster \"$cluster\", is taken by another program." \
    "Choose another: new LocalCloud({ sshPort: $((ssh_port < 65535 ? ssh_port + 1 : 20000)) })"
}

# Key pair NAME, the public half last away and the private half last in place: a pair that is there is whole.
make_key() {
  [ ! -f "$directory/$1" ] || return 0
  local draft
  draft=$(mktemp -d "$directory/.key.XXXXXX")
  ssh-keygen -q -t ed25519 -N '' -C "ohpc-$cluster" -f "$draft/key"
  mv "$draft/key.pub" "$directory/$1.pub"
  mv "$draft/key" "$directory/$1"
  rmdir "$draft"
}

make_directory() {
  umask 077
  mkdir -p "$directory"
  chmod 0700 "$directory"
  make_key id_ed25519
  make_key host_ed25519_key
  read -r kind key _ <"$directory/host_ed25519_key.pub"
  printf '* %s %s\n' "$kind" "$key" >"$directory/known_hosts"
}

# What is there, and carries nobody's mark, may be a running cluster: of a state from before there were marks.
refuse_strangers
[ ${#found[@]} -gt 0 ] || refuse_if_there

state=$(engine network inspect --format "{{index .Labels \"$label.cluster\"}}/{{index .Labels \"$label.site\"}}/{{index .Labels \"$label.spec\"}}" "$network" 2>/dev/null) || state=''
case $state in
  "$cluster/$site/$spec" | '') ;;
  "$cluster/$site/"*)
    collect engine ps -aq "${ours[@]}"
    remove ${found[@]+"${found[@]}"}
    engine network rm "$network" >/dev/null
    state=''
    ;;
  *)
    quit "There is a network called \"$network\" that does not belong to the cluster \"$cluster\"." \
      "If nobody needs it: $engine_name network rm $network"
    ;;
esac
if [ -z "$state" ]; then
  check_port
  check_subnet
fi
mark
make_directory
# The bridge's own route is better while the bridge exists.
ip route replace unreachable "$subnet" metric "$guard_metric" 2>/dev/null || true
if [ -z "$state" ]; then
  engine network create ${internal:+--internal} --subnet "$subnet" --gateway "$gateway" \
    --label "$label.cluster=$cluster" --label "$label.site=$site" --label "$label.spec=$spec" "$network" >/dev/null
fi
printf '%s\n' "$engine_name" >"$directory/engine"
