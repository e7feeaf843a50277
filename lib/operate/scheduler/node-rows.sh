# shellcheck shell=bash
# node_rows SECONDS FORMAT [ARGUMENT]... prints one line per node: what sinfo tells by FORMAT, in which the reason (%E), if
# it is wanted, comes last. A reason may hold anything, line breaks and what looks like another node's line too; only sinfo
# itself can begin a line with a mark that nobody knows beforehand. A node is listed once for each of its partitions.
# Arguments of sinfo: --all, or --partition, which it takes for a contradiction. Ends with 124 where slurmctld has not answered within that many seconds.
node_rows() {
  local limit=$1 format=$2 mark
  shift 2
  mark=$(</proc/sys/kernel/random/uuid)
  timeout "$limit" sinfo --noheader --Node "$@" --format="$mark$format" | LC_ALL=C awk -v mark="$mark" '
    function tell() { if (row != "") { gsub(/[[:cntrl:]]/, "?", row); print substr(row, 1, 2000) } }
    index($0, mark) == 1 { tell(); row = substr($0, length(mark) + 1); next }
    { row = row "\\n" $0 }
    END { tell() }' | sort -u
}
