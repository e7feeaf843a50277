#!/bin/sh
# Runs inside the container at the end of every layer: keys and identities that packages made while they were
# installed belong to one machine, and must be in no layer.
set -eu
rm -rf /etc/ssh/ssh_host_* /etc/munge/munge.key /var/lib/mysql /var/lib/dbus/machine-id
: >/etc/machine-id
rm -f /var/log/*.log /var/log/apt/*
# The first boot has nothing to update: no cache of libraries, no catalogue, no accounts.
if [ -x /usr/lib/systemd/systemd-update-done ]; then /usr/lib/systemd/systemd-update-done; fi
