# Removes a named volume with all data, and first the cluster's containers that Terraform forgot and that use it. Reads: volume.

collect engine volume ls -q --filter "label=$label.cluster=$cluster"
case " ${found[*]-} " in
  *" $volume "*)
    collect engine ps -aq "${ours[@]}" --filter "volume=$volume"
    remove ${found[@]+"${found[@]}"}
    engine volume rm "$volume" >/dev/null
    ;;
esac
