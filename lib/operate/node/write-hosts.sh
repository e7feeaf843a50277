#!/bin/bash
# write-hosts FILE [HOSTS]: makes /etc/hosts begin with the lines of FILE, between marks; lines of others stay behind them.
# Other lines that name one of our hosts go: Debian's "127.0.1.1 NAME" would make a master listen to itself only.
set -euo pipefail
wanted=$1
file=${2:-/etc/hosts}

[ -e "$file" ] || : >"$file"
awk -v begin='# ohpc: begin' -v end='# ohpc: end' '
  NR == FNR { ours = ours $0 "\n"; for (i = 2; i <= NF; i++) if ($i != "localhost" && $i !~ /^ip6-/) named[$i] = 1; next }
  FNR == 1 { printf "%s\n%s%s\n", begin, ours, end; written = 1 }
  $0 == begin { inside = 1 }
  inside { if ($0 == end) inside = 0; next }
  { split($0, parts, "#"); count = split(parts[1], words); for (i = 2; i <= count; i++) if (words[i] in named) next; print }
  END { if (!written) printf "%s\n%s%s\n", begin, ours, end }
' "$wanted" "$file" >"$file.ohpc"
if cmp -s "$file.ohpc" "$file"; then
  rm "$file.ohpc"
  # Users and daemons that are not root look names up in it.
  [ "$(stat -c %a "$file")" = 644 ] || chmod 0644 "$file"
else
  chmod 0644 "$file.ohpc"
  # docker mounts the file itself, which cannot be replaced, only filled.
  mv -fT "$file.ohpc" "$file" 2>/dev/null || { cat "$file.ohpc" >"$file" && chmod 0644 "$file" && rm "$file.ohpc"; }
fi
