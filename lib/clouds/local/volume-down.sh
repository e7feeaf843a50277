# shellcheck shell=bash disable=SC2034,SC2154
# Removes a named volume with all data, and first the cluster's containers that Terraform forgot and that use it. Reads: volume.

names=$("$engine" volume ls -q --filter "label=$label.cluster=$cluster")
for name in $names; do
  [ "$name" = "$volume" ] || continue
  ids=$("$engine" ps -aq "${ours[@]}" --filter "volume=$volume")
  for id in $ids; do "$engine" "${remove[@]}" "$id" >/dev/null; done
  "$engine" volume rm "$volume" >/dev/null
done
