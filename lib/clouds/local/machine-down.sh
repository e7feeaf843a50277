# shellcheck shell=bash disable=SC2034,SC2154
# Removes one machine; not being there is as good. Reads: host, role.

id=$(engine ps -aq "${ours[@]}" --filter "label=$label.host=$host")
# Slurm's state and the database lie on a volume that the next master will read.
[ -z "$id" ] || [ "$role" != master ] || engine stop -t 20 "$id" >/dev/null
[ -z "$id" ] || engine "${remove[@]}" "$id" >/dev/null
# What a podman that was killed has left of one carries no label, but the name.
case $engine:$id in
  *podman:)
    name=ohpc-$cluster-$host
    if ! engine container exists "$name" && engine container exists --external "$name"; then
      engine rm -f "$name" >/dev/null
      echo "note: a half-made container called $name was removed; podman must have been killed while it made it" >&2
    fi
    ;;
esac
rm -rf "$directory/seed/$host"
