import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runEngine } from "../../lib/clouds/local/engine";

/**
 * An image of a few of this machine's own programs, whose first process waits until it is told to end as systemd is.
 * Made in a second and from nothing else: for tests of what happens around containers, not in them.
 */
export async function makeTinyImage(name: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "tiny-image-"));
  try {
    execFileSync("bash", ["-c", COLLECT, "collect", scratch]);
    await runEngine(["import", "--change", 'CMD ["/sbin/init"]', "-", name], {
      input: createReadStream(join(scratch, "root.tar")),
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

export async function removeTinyImage(name: string): Promise<void> {
  await runEngine(["rmi", "-f", name]);
}

const COLLECT = `
set -euo pipefail
mkdir -p "$1"/root/{sbin,bin,usr/bin,proc,sys,dev,run,tmp,etc/ssh,home,srv/ohpc/state,srv/ohpc/bundle}
for program in bash sleep cat ls hostname mount tr; do
  path=$(type -P "$program")
  cp -L "$path" "$1/root/bin/$program"
  for library in $(ldd "$path" | grep -o '/[^ ]*'); do
    mkdir -p "$1/root$(dirname "$library")"
    cp -Lu "$library" "$1/root$library"
  done
done
ln -s bash "$1/root/bin/sh"
cat >"$1/root/sbin/init" <<'INIT'
#!/bin/bash
trap 'exit 0' RTMIN+3
while :; do sleep 1000000 & wait $!; done
INIT
chmod +x "$1/root/sbin/init"
tar -C "$1/root" -cf "$1/root.tar" .
`;
