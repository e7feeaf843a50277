#!/bin/bash
# A root file system from the distribution's own mirror, as a tar archive on standard output; what it tells goes to standard error.
# usage: base.sh SUITE PACKAGES DIRECTORY [MIRROR [SECURITY_MIRROR]]
# PACKAGES are separated by commas; DIRECTORY must not exist; an empty MIRROR is debootstrap's own choice.
set -euo pipefail
suite=$1 packages=$2 directory=$3 mirror=${4-} security=${5-}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

debootstrap --variant=minbase --include="$packages" "$suite" "$directory" ${mirror:+"$mirror"} >&2

# debootstrap names the mirror that it used; machines get their updates from there, too.
read -r _ mirror _ <"$directory/etc/apt/sources.list"
rm "$directory/etc/apt/sources.list"
entry() { # URI SUITES
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n' "$@"
}
{
  entry "$mirror" "$suite $suite-updates"
  [ -z "$security" ] || entry "$security" "$suite-security"
} >"$directory/etc/apt/sources.list.d/debian.sources"

# Numbers, not names: this machine may know other names for them.
tar --numeric-owner --directory "$directory" --create --one-file-system \
  --exclude='./var/cache/apt/archives/*.deb' --exclude='./var/cache/apt/*.bin' --exclude='./var/lib/apt/lists/*' \
  --exclude='./var/log/*.log' --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
  --exclude='./etc/resolv.conf' --exclude='./etc/hostname' --exclude='./proc/*' --exclude='./sys/*' .
