# shellcheck shell=bash
# Tells which numbers are somebody's on the master. known.sh REGISTRY HOMES
# Prints `ours NAME UID` for accounts that are or were the cluster's, for homes and archives of homes, `taken UID` for all
# others, and `group GID`. What cannot be read is left out.
set +e
registry=$1 homes=$2
jq -r '[(.uids // {}), (.leaving // {})][] | to_entries[] | "ours \(.key) \(.value)"' "$registry" 2>/dev/null
# Versions that kept no numbers kept names.
awk -F: 'NR == FNR { ours[$1]; next } $3 >= 1000 { print ($1 in ours ? "ours " $1 " " : "taken ") $3 }' \
  <(jq -r '.users[]?' "$registry" 2>/dev/null) /etc/passwd
awk -F: '$3 >= 1000 { print "group " $3 }' /etc/group
# Over a home somebody may have put a file system that nobody else looks into.
find "$homes" -mindepth 1 -maxdepth 1 -type d ! -name '.*' -printf 'ours %f %U\n' 2>/dev/null
find "$homes/.archive" -mindepth 1 -maxdepth 1 -name '*.tar.gz' -printf '%f\n' 2>/dev/null |
  sed -nE 's/^([a-z_][a-z0-9_-]*)-([0-9]+)-[0-9]{8}T[0-9]{6}Z\.tar\.gz$/ours \1 \2/p'
exit 0
