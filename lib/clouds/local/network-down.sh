# Removes everything of a cluster in this site: containers that Terraform forgot, the bridge, the route, the keys.
# Reads: network, subnet.

collect engine ps -aq "${ours[@]}"
remove ${found[@]+"${found[@]}"}
collect engine network ls -q --filter "label=$label.cluster=$cluster" --filter "label=$label.site=$site"
[ ${#found[@]} = 0 ] || engine network rm "${found[@]}" >/dev/null
if command -v ip >/dev/null 2>&1; then ip route del unreachable "$subnet" metric "$guard_metric" 2>/dev/null || true; fi
# Another site of the same cluster still needs the keys.
collect engine network ls -q --filter "label=$label.cluster=$cluster"
if [ ${#found[@]} = 0 ] && [ -d "$directory" ]; then
  rm -rf "$directory"/id_ed25519{,.pub} "$directory"/host_ed25519_key{,.pub} "$directory"/{known_hosts,engine,cm} "$directory"/.key.*
  rmdir "$directory" 2>/dev/null || true
fi
