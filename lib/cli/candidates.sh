# What may come next on a command line of ohpc: a line each, with a tab and what it means. The words of the line after
# `ohpc` are the arguments, the last one is what is being typed. _ohpc_rows prints what a command takes.
_ohpc_candidates() {
  local at='' stack='' expects='' place=0 word kind number name about
  while [ $# -gt 1 ]; do
    word=$1
    shift
    if [ -n "$expects" ]; then
      expects=''
      continue
    fi
    case $word in
      --) return 0 ;;
      -*) expects=$(_ohpc_rows "$at" | while IFS='	' read -r kind name number about; do
        if [ "$kind $name" = "option $word" ] && [ "$number" != none ]; then printf %s "$number"; fi
      done) ;;
      *)
        if [ -n "$(_ohpc_rows "$at $word")" ]; then
          at="$at $word"
        else
          place=$((place + 1))
          [ "$place" -gt 1 ] || stack=$word
        fi
        ;;
    esac
  done
  if [ -n "$expects" ]; then
    _ohpc_values "$expects" "$stack" "$1"
    return 0
  fi
  number=0
  _ohpc_rows "$at" | while IFS='	' read -r kind name expects about; do
    case "$kind $1" in
      option\ -* | command\ *) case $name in "$1"*) printf '%s\t%s\n' "$name" "$about" ;; esac ;;
      operand\ -* | operands\ -*) ;;
      operand\ * | operands\ *)
        if [ "$number" -eq "$place" ] || { [ "$kind" = operands ] && [ "$number" -lt "$place" ]; }; then
          _ohpc_values "$expects" "$stack" "$1"
        fi
        number=$((number + 1))
        ;;
    esac
  done
}

_ohpc_values() { # kind stack beginning
  local word
  case $1 in
    any) ;;
    files) for word in "$3"*; do [ ! -e "$word" ] || printf '%s\t\n' "$word"; done ;;
    one-of:*) printf '%s\n' "${1#one-of:}" | tr , '\n' ;;
    *) ohpc completion bash --values "$1" --of "$2" 2>/dev/null ;;
  esac | while IFS='	' read -r word about; do
    case $word in "$3"*) printf '%s\t%s\n' "$word" "${about-}" ;; esac
  done
}
