# shellcheck shell=bash disable=SC2034,SC2154
# Removes everything that carries the cluster's label, data included, its mark and its keys. Reads: guard_metric.
# Who asks for it has made sure whose the cluster is.

all=(--filter "label=$label.cluster=$cluster")
collect engine ps -aq "${all[@]}"
remove ${found[@]+"${found[@]}"}
collect engine volume ls -q "${all[@]}"
[ ${#found[@]} = 0 ] || engine volume rm "${found[@]}" >/dev/null
collect engine network ls -q "${all[@]}"
if [ ${#found[@]} -gt 0 ]; then
  subnets=$(subnets_of "${found[@]}")
  engine network rm "${found[@]}" >/dev/null
  for subnet in $subnets; do ip route del unreachable "$subnet" metric "$guard_metric" 2>/dev/null || true; done
fi
marks
[ ${#found[@]} = 0 ] || engine volume rm "${found[@]}" >/dev/null
rm -rf "$directory"/{id_ed25519,host_ed25519_key}{,.pub} "$directory"/{known_hosts,engine,cm,seed} "$directory"/.key.*
rmdir "$directory" 2>/dev/null || true
