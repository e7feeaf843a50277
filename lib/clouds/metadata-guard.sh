#!/bin/sh
# Keeps users from the machine's cloud identity: whoever reads the metadata address gets the machine's credentials.
# Only root (0) and the power service may; everybody else is refused at once. Rules are by user id, so that a hop limit
# is not needed for it, and containers of users are covered, whose traffic leaves under the user's id.
#
# usage: metadata-guard ADDRESS...
set -eu
service=$(id -u ohpc-power 2>/dev/null || echo 0)
for address in "$@"; do
  case $address in *:*) family=-6 ;; *) family=-4 ;; esac
  while ip "$family" rule del to "$address" prohibit 2>/dev/null; do :; done
  # 4294967295 stands for "no user" and is not a user id.
  if [ "$service" -gt 1 ]; then
    ip "$family" rule add to "$address" uidrange "1-$((service - 1))" prohibit
    ip "$family" rule add to "$address" uidrange "$((service + 1))-4294967294" prohibit
  else
    ip "$family" rule add to "$address" uidrange 1-4294967294 prohibit
  fi
done
