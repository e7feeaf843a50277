# shellcheck shell=bash
# node_rows FORMAT [ARGUMENT]... prints one line per node: what sinfo tells by FORMAT, in which the reason (%E), if it is
# wanted, comes last. A reason may hold anything, line breaks and what looks like another node's line too; only sinfo
# itself can begin a line with a mark that nobody knows beforehand. A node is listed once for each of its partitions.
node_rows() {
  local format=$1 mark
  shift
  mark=$(</proc/sys/kernel/random/uuid)
  timeout 15 sinfo --all --noheader --Node "$@" --format="$mark$format" | LC_ALL=C awk -v mark="$mark" '
    function tell() { if (row != "") { gsub(/[[:cntrl:]]/, "?", row); print substr(row, 1, 2000) } }
    index($0, mark) == 1 { tell(); row = substr($0, length(mark) + 1); next }
    { row = row "\\n" $0 }
    END { tell() }' | sort -u
}
