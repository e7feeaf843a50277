# shellcheck shell=bash disable=SC2034,SC2154
# The engine that the cluster was made with. Reads: cluster, site, label, engine_choice, owner. Short: a copy is in the state of every machine.

PATH=$PATH:/usr/sbin:/sbin
: "${XDG_STATE_HOME:=}"
directory="@PRIVATE_DIRECTORY@/$cluster"
engine=$(cat "$directory/engine" 2>/dev/null) || engine=${OHPC_ENGINE:-$engine_choice}
[ -n "$engine" ] || engine=$(type -P podman || echo docker)
case $engine in *podman) remove=(rm -f -v -t 0) ;; *) remove=(rm -f -v) ;; esac
ours=(--filter "label=$label.cluster=$cluster" --filter "label=$label.site=$site")
within=()
! type -P setpriv >/dev/null || within+=(setpriv --pdeathsig TERM)
! type -P timeout >/dev/null || within+=(timeout -k 5)
quit() { printf '%s\n' "$@" >&2 && exit 1; }
engine() {
  local code k
  for k in 1 2 3; do
    code=0
    ${within[@]+"${within[@]}" "${seconds:-50}"} "$engine" "$@" || code=$?
    # podman 4 fails where another volume goes while it lists them.
    [ "$code $1 ${2-}" = '125 volume ls' ] || break
  done
  case $code in 124 | 137) quit "The container engine does not answer: \"$engine $1\" was ended." "\"$engine ps\" must answer; then run the same command again." ;; esac
  return $code
}
marks=$(engine volume ls -q --filter "label=$label.owned=$cluster")
case $marks/${OHPC_TAKE_OVER-} in
  /* | "ohpc-$cluster-owner-${owner-}"/* | */"$cluster") ;;
  *) quit "The cluster \"$cluster\" on this machine belongs to another Terraform state." "To take it over on purpose: ohpc up STACK --take-over (or OHPC_TAKE_OVER=$cluster before terraform)." ;;
esac
