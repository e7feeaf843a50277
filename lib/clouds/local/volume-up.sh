# shellcheck shell=bash disable=SC2034,SC2154
# Makes a named volume. Reads: volume.

refuse_strangers
whose=$(engine volume inspect --format "/{{index .Labels \"$label.cluster\"}}" "$volume" 2>/dev/null) || whose=''
case $whose in
  "/$cluster") ;;
  '') engine volume create --label "$label.cluster=$cluster" --label "$label.site=$site" "$volume" >/dev/null ;;
  *)
    quit "There is a volume called \"$volume\" that does not belong to the cluster \"$cluster\"." \
      "To use it, name it as the existing disk; if nobody needs it: $engine_name volume rm $volume"
    ;;
esac
