# shellcheck shell=bash
# Runs a line of the log-in shell for as long as somebody is there: without a terminal, sshd lets it go on when its connection
# has gone. attended.sh LINE
#
# A group of its own ends as a whole. When nobody reads standard output or error any more, there is "input" on it for
# select(2); a session on a shared connection loses standard output alone.
set -m
"${SHELL:-/bin/sh}" -c "$1" <&0 &
job=$!
set +m
{
  until read -r -t 0 -u 1 || read -r -t 0 -u 2; do sleep 1 >/dev/null 2>&1; done
  exec >/dev/null 2>&1
  kill -TERM -- "-$job"
  sleep 5
  kill -KILL -- "-$job"
} </dev/null &
watch=$!
disown "$watch"
wait "$job"
code=$?
kill "$watch"
exit "$code"
