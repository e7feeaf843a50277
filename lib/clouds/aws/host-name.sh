#!/bin/sh
# Takes the host's name from the machine's own tag, so that user-data can be equal for all machines of a group.
# Reads the metadata with a session token (IMDSv2).
set -eu
ask() {
  curl -fsS --retry 30 --retry-delay 2 --retry-connrefused --max-time 10 "$@"
}
base=http://169.254.169.254/latest
token=$(ask -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$base/api/token")
name=$(ask -H "X-aws-ec2-metadata-token: $token" "$base/meta-data/tags/instance/ohpc:host")
hostnamectl set-hostname "$name"
grep -q " $name\$" /etc/hosts || echo "127.0.1.1 $name" >>/etc/hosts
