# shellcheck shell=bash disable=SC2034,SC2154
# Removes everything of a cluster in this site: containers that Terraform forgot, the bridge, the route, the keys.
# Reads: subnet, guard_metric.

ids=$(engine ps -aq "${ours[@]}")
for id in $ids; do engine "${remove[@]}" "$id" >/dev/null; done
ids=$(engine network ls -q "${ours[@]}")
for id in $ids; do engine network rm "$id" >/dev/null; done
ip route del unreachable "$subnet" metric "$guard_metric" 2>/dev/null || true
# Another site of the cluster still needs the keys. While there are volumes, the network is only being replaced:
# then the next one has to be in the same engine, and the operator's keys may stay.
others=$(engine network ls -q --filter "label=$label.cluster=$cluster")
volumes=$(engine volume ls -q --filter "label=$label.cluster=$cluster")
if [ -z "$others$volumes" ] && [ -d "$directory" ]; then
  rm -rf "$directory"/{id_ed25519,host_ed25519_key}{,.pub} "$directory"/{known_hosts,engine,cm,seed} "$directory"/.key.*
  rmdir "$directory" 2>/dev/null || true
fi
if [ -z "$others$volumes" ]; then
  for name in $marks; do engine volume rm "$name" >/dev/null 2>&1 || true; done
fi
