# shellcheck shell=bash
# Locks a file for as long as this shell lives, and says `locked`. take-lock.sh FILE OWNER
# Ends with 75 if somebody else has it, and tells who: what OWNER is to that one, or process and user.
#
# To lock a file it is enough to read it: neither it nor its directory is open to anybody else.
umask 077
open_lock() {
  install -d -m 0700 "$(dirname "$1")"
  exec 9>>"$1"
}
open_lock "$1"
# Whoever had it may have taken the whole directory away meanwhile: then it is another file that counts.
while flock --nonblock 9 && ! [ "/proc/$BASHPID/fd/9" -ef "$1" ]; do open_lock "$1"; done
if ! flock --nonblock 9; then
  # What is written there counts only if its writer holds the lock, which the kernel tells. /proc/locks would name the
  # program `flock`, which has ended.
  inode=$(stat -c %i "$1")
  read -r writer owner <"$1" || true
  other=''
  # Processes of others cannot have it, and may have any number of files.
  while IFS= read -r info; do
    [ "${info/fdinfo/fd}" -ef "$1" ] || continue
    process=${info#/proc/}
    process=${process%%/*}
    if [ "$process" = "${writer-}" ]; then
      printf '%s\n' "${owner-}" >&2
      exit 75
    fi
    other=${other:-$process}
  done < <(find /proc -maxdepth 1 -name '[0-9]*' -uid "$EUID" -printf '%p/fdinfo\0' 2>/dev/null |
    xargs -0 grep -rlsE "^lock:.* FLOCK .*:$inode 0 EOF" || true)
  if [ -n "$other" ] && user=$(stat -c %U "/proc/$other" 2>/dev/null); then
    printf '{"process":%s,"user":"%s"}\n' "$other" "$user" >&2
  fi
  exit 75
fi
printf '%s %s\n' "$BASHPID" "$2" >"$1"
echo locked
