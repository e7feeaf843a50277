# shellcheck shell=bash
# Gives a machine that is there already its introduction; what follows these functions calls them, and says what.
# Prints a line for whatever it had to change: nothing the second time. Works on a plain Debian: no jq, no Python.
set -euo pipefail
umask 022
changed=''
fresh=''
trap 'rm -f "$fresh"' EXIT

quit() { # lines
  printf '%s\n' "$@" >&2
  exit 1
}

# Whoever has that address must be the machine that the cluster means: it is made part of it, as root.
expect_host() { # name
  local name
  name=$(uname -n)
  name=${name%%.*}
  [ "$name" = "$1" ] || quit "it is called $name, not $1: rename it (hostnamectl set-hostname $1), or give the pool's hostnames or addresses as they are"
}

# A machine that another cluster counts on is left alone.
expect_nobody_elses() { # boot-facts cluster role
  local cluster role
  [ -e "$1" ] || return 0
  cluster=$(sed -n 's/^OHPC_CLUSTER=//p' "$1")
  role=$(sed -n 's/^OHPC_ROLE=//p' "$1")
  [ -z "$cluster" ] || [ "$cluster $role" = "$2 $3" ] || quit "it is of the cluster $cluster already ($role): take it out there, and remove $1 on it"
}

# Written only where it differs, and whole or not at all. A link never is as it should be: its own mode is 777.
put() { # path mode; the content comes on standard input
  local text
  text=$(cat && echo .)
  text=${text%.}
  if [ -f "$1" ] && [ "0$(stat -c %a:%u:%g "$1")" = "$2:$(id -u):$(id -g)" ] && printf %s "$text" | cmp -s - "$1"; then
    return
  fi
  mkdir -p "$(dirname "$1")"
  fresh=$(mktemp "$1.XXXXXX")
  printf %s "$text" >"$fresh"
  chmod "$2" "$fresh"
  mv -fT "$fresh" "$1"
  changed=yes
  printf 'wrote %s\n' "$1"
}

start() { # units
  local unit
  [ -z "$changed" ] || systemctl daemon-reload
  for unit; do
    if ! systemctl is-enabled --quiet "$unit" 2>/dev/null || ! systemctl is-active --quiet "$unit"; then
      systemctl enable --quiet --now "$unit"
      printf 'started %s\n' "$unit"
    elif [ -n "$changed" ]; then
      systemctl restart "$unit"
    fi
  done
}

