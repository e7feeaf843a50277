# shellcheck shell=bash
# Homes of users who went. homes.sh look|archive|delete HOMES [NAME UID]...
# Prints a line for each: `NAME none`, `NAME there BYTES` (`?`: counting takes too long), `NAME archived BYTES FILE`,
# `NAME deleted`, or `NAME left WHY`.
# A user may have put anything anywhere below a home: what is read, is read as the user; what is removed, is first moved to
# where only root gets.
action=$1 homes=$2
shift 2
archives=$homes/.archive

# Whoever can write there could put something else in the place of a home.
is_roots() { [ ! -L "$1" ] && [ -d "$1" ] && [ "$(stat -c %u "$1")" = 0 ] && [ "$((0$(stat -c %a "$1") & 022))" = 0 ]; }

# Sets `why`: none, or the reason why a home is left as it is.
why_not() { # name uid
  local home=$homes/$1 kind
  why=''
  if [[ ! $1 =~ ^[a-z_][a-z0-9_-]{0,31}$ || ! $2 =~ ^[1-9][0-9]{3,4}$ ]]; then
    why='left it is no name and number of a user'
  elif awk -v home="$home" '$5 == home || index($5, home "/") == 1 { found = 1 } END { exit !found }' /proc/self/mountinfo; then
    why="left something is mounted at $home or below it: unmount it (findmnt --submounts $home)"
  elif ! kind=$(LC_ALL=C stat -c '%F %u' -- "$home" 2>&1); then
    why="left it cannot be looked at: ${kind##*: }"
    case $kind in *'No such file or directory') why=none ;; esac
  elif [ "$kind" != "directory $2" ]; then
    why="left $home is ${kind% *} of uid ${kind##* }, no directory of uid $2"
  elif ! is_roots "$homes"; then
    why="left others than root can write to $homes"
  fi
  [ -z "$why" ]
}

size_of() {
  local size
  size=$(timeout 20 du --summarize --one-file-system --block-size=1 -- "$1" 2>/dev/null | cut -f1) || true
  [[ $size =~ ^[0-9]+$ ]] || size='?'
  printf '%s' "$size"
}

archive() { # name uid
  local name=$1 uid=$2 gid part file said
  # Of a group of the system's, the user was none.
  gid=$(stat -c %g "$homes/$name")
  [ "$gid" -ge 1001 ] || gid=65534
  part=$(mktemp -p "$archives" ".part-$name-$uid.XXXXXX")
  said=$(mktemp -p /run)
  if ! (cd / && setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs -- \
    tar --create --one-file-system --numeric-owner --sparse --file=- --directory="$homes" -- "$name" \
    </dev/null 2>"$said" 8>&- | gzip >"$part") ||
    ! gzip --decompress --stdout "$part" | tar --list >/dev/null 2>>"$said"; then
    why="left it could not be archived whole: $(grep -v '^tar: Exiting' "$said" | head -c 300 | tr '\n\t' '; ')"
    rm -f -- "$part" "$said"
    return 1
  fi
  rm -f -- "$said"
  file=$archives/$name-$uid-$(date -u +%Y%m%dT%H%M%SZ).tar.gz
  sync -f "$part"
  mv -nT -- "$part" "$file"
  if [ -e "$part" ]; then
    why="left $file is there already"
    return 1
  fi
  why="archived $(stat -c %s "$file") $file"
}

remove() { # name uid
  local going=$archives/.going-$1-$2 said
  if ! said=$(mv -T -- "$homes/$1" "$going" 2>&1); then
    why="left it could not be moved away: ${said##*$'\n'}"
    return 1
  fi
  said=$(rm -rf --one-file-system -- "$going" 2>&1) && return
  why="left it could not be removed whole, and what is left lies in $going: ${said##*$'\n'}"
  return 1
}

if [ "$action" != look ]; then
  [ -e "$archives" ] || mkdir -m 0700 -- "$archives"
  if ! is_roots "$archives"; then
    echo "$archives is not a directory of root's alone" >&2
    exit 1
  fi
  chmod 0700 "$archives"
  mkdir -p /run/ohpc/locks
  exec 8>/run/ohpc/locks/homes.lock
  flock -n 8 || { echo 'another run is still at work on homes' >&2; exit 1; }
fi
while [ $# -gt 1 ]; do
  name=$1 uid=$2
  shift 2
  if [ "$action" != look ] && [[ $name =~ ^[a-z_][a-z0-9_-]{0,31}$ ]]; then
    # Of a run that died.
    rm -rf --one-file-system -- "$archives/.going-$name-$uid" || true
    find "$archives" -mindepth 1 -maxdepth 1 -name ".part-$name-$uid.??????" -delete
  fi
  if why_not "$name" "$uid"; then
    case $action in
      look) why="there $(size_of "$homes/$name")" ;;
      archive) if archive "$name" "$uid"; then remove "$name" "$uid" || true; fi ;;
      delete) if [ -z "$why" ] && remove "$name" "$uid"; then why=deleted; fi ;;
    esac
  fi
  printf '%s %s\n' "$name" "$why"
done
