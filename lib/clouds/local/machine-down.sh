# Removes one machine; not being there is as good. Reads: host, role.

collect engine ps -aq "${ours[@]}" --filter "label=$label.host=$host"
if [ ${#found[@]} -gt 0 ]; then
  # Slurm's state and the database lie on a volume that the next master will read.
  [ "$role" != master ] || engine stop -t 20 "${found[@]}" >/dev/null
  remove "${found[@]}"
fi
