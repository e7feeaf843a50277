# shellcheck shell=bash
# Runs a line of the log-in shell for as long as somebody is there: without a terminal, sshd lets it go on when its connection
# has gone. attended.sh LINE
#
# A group of its own ends as a whole; when nobody reads standard error any more, there is "input" on it for select(2).
set -m
"${SHELL:-/bin/sh}" -c "$1" <&0 &
job=$!
set +m
{
  until read -r -t 0 -u 2; do sleep 1 2>/dev/null; done
  kill -TERM -- "-$job"
  sleep 5 2>/dev/null
  kill -KILL -- "-$job"
} </dev/null >/dev/null &
watch=$!
disown "$watch"
wait "$job"
code=$?
kill "$watch"
exit "$code"
