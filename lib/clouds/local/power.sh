# shellcheck shell=bash disable=SC2034,SC2154
# Starts, stops or ends machines of a cluster. Reads: action (start, stop or end), hosts.

refuse_strangers
collect engine ps -aq --filter "label=$label.cluster=$cluster"
[ ${#found[@]} -gt 0 ] || quit "The cluster \"$cluster\" has no machines on this computer." "ohpc up makes them."

masters=()
others=()
paused=()
lines=$(engine container inspect --format "{{.Id}} {{.State.Status}} {{index .Config.Labels \"$label.host\"}} {{index .Config.Labels \"$label.role\"}}" "${found[@]}")
while read -r id status host role; do
  case " ${hosts[*]} " in *" $host "*) ;; *) continue ;; esac
  case $action:$status in
    start:running | stop:exited | stop:created) continue ;;
    *:paused) paused+=("$id") ;;
  esac
  case $action:$status in start:paused) continue ;; esac
  case $role in master) masters+=("$id") ;; *) others+=("$id") ;; esac
done <<<"$lines"

# What somebody has paused can neither be started nor stopped.
[ ${#paused[@]} = 0 ] || engine unpause "${paused[@]}" >/dev/null
case $action in
  start)
    # A boot of this computer forgets the route.
    collect engine network ls -q --filter "label=$label.cluster=$cluster"
    subnets=''
    [ ${#found[@]} = 0 ] || subnets=$(subnets_of "${found[@]}")
    for subnet in $subnets; do ip route replace unreachable "$subnet" metric "$guard_metric" 2>/dev/null || true; done
    all=(${masters[@]+"${masters[@]}"} ${others[@]+"${others[@]}"})
    [ ${#all[@]} = 0 ] || engine start "${all[@]}" >/dev/null
    ;;
  stop)
    # Nodes first: Slurm then loses no node without having been told.
    [ ${#others[@]} = 0 ] || engine stop -t 20 "${others[@]}" >/dev/null
    [ ${#masters[@]} = 0 ] || engine stop -t 20 "${masters[@]}" >/dev/null
    ;;
  end)
    all=(${others[@]+"${others[@]}"} ${masters[@]+"${masters[@]}"})
    remove ${all[@]+"${all[@]}"} >/dev/null
    ;;
esac
