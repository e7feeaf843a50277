# shellcheck shell=bash disable=SC2034,SC2154
# Removes a named volume with all data, and first the cluster's containers that Terraform forgot and that use it. Reads: volume.

# Much data takes long.
seconds=3600
names=$(engine volume ls -q --filter "label=$label.cluster=$cluster")
for name in $names; do
  [ "$name" = "$volume" ] || continue
  ids=$(engine ps -aq "${ours[@]}" --filter "volume=$volume")
  # The cluster's other volumes may be removing the same containers at this moment.
  for id in $ids; do engine "${remove[@]}" "$id" >/dev/null 2>&1 || true; done
  tries=0
  until message=$(engine volume rm "$volume" 2>&1); do
    tries=$((tries + 1))
    if [ -z "$ids" ] || [ "$tries" -ge 50 ]; then echo "$message" >&2 && exit 1; fi
    sleep 0.1
  done
done
