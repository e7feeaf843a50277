# What may come next on a command line of ohpc: a line each, with a tab and what it means; `<files>` where it is a file, which
# every shell knows itself how to quote. The words of the line after `ohpc` are the arguments, the last one is what is being
# typed; bash makes three words of --option=value. _ohpc_rows prints what a command takes.
_ohpc_candidates() {
  local at='' stack='' expects='' place=0 word kind number name about
  while [ $# -gt 1 ]; do
    word=$1
    shift
    if [ -n "$expects" ]; then
      [ "$word" = = ] || expects=''
      continue
    fi
    case $word in
      --) return 0 ;;
      -*) expects=$(_ohpc_takes "$at" "$word") ;;
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
    word=$1
    [ "$word" != = ] || word=''
    _ohpc_values "$expects" "$stack" "$word"
    return 0
  fi
  case $1 in
    --*=*)
      expects=$(_ohpc_takes "$at" "${1%%=*}")
      case $expects in
        '' | files) ;;
        *) _ohpc_values "$expects" "$stack" "${1#*=}" | sed "s/^/${1%%=*}=/" ;;
      esac
      return 0
      ;;
  esac
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

_ohpc_takes() { # command option
  local kind name values about
  _ohpc_rows "$1" | while IFS='	' read -r kind name values about; do
    if [ "$kind $name" = "option $2" ] && [ "$values" != none ]; then printf %s "$values"; fi
  done
}

_ohpc_values() { # kind stack beginning
  local word
  case $1 in
    any) ;;
    files) printf '<files>\t%s\n' "$3" ;;
    one-of:*) printf '%s\n' "${1#one-of:}" | tr , '\n' ;;
    *) ohpc completion bash --values "$1" --of "$2" 2>/dev/null ;;
  esac | while IFS='	' read -r word about; do
    case $word in "$3"* | '<files>') printf '%s\t%s\n' "$word" "${about-}" ;; esac
  done
}
