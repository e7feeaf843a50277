# shellcheck shell=bash disable=SC2034,SC2154
# Removes containers of the cluster whose hosts are no longer in the code. Reads: OHPC_HOSTS, names with spaces between.

refuse_strangers
collect engine ps -aq "${ours[@]}"
if [ ${#found[@]} -gt 0 ]; then
  stale=()
  hosts=$(engine container inspect --format "{{.Id}} {{index .Config.Labels \"$label.host\"}}" "${found[@]}")
  while read -r id host; do
    case " $OHPC_HOSTS " in *" $host "*) ;; *) stale+=("$id") ;; esac
  done <<<"$hosts"
  remove ${stale[@]+"${stale[@]}"}
fi
