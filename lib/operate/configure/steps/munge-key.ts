import type { Step } from "../step/step";
import { IS_RUNNING, NO_DIRECTORY, START_AT_BOOT } from "./shell";

export type MungeKeyState = { readonly stored: boolean; readonly installed: boolean; readonly running: boolean };

/** `munge_serves`: it does not hang; one that does is connected to by the kernel all the same. */
const MUNGE_SERVES = String.raw`
munge_serves() {
  local code=0
  timeout --signal=KILL 5 bash -c 'munge --no-input | unmunge' >/dev/null 2>&1 || code=$?
  [ "$code" != 137 ]
}
`;

/**
 * The key by which the cluster's machines know each other. It is made on the master, on the disk that outlives it, and
 * leaves it only inside the bundle: no argument, log, state or image ever holds it.
 */
export const mungeKey: Step<MungeKeyState> = {
  id: "munge-key",
  title: "the munge key",
  needs: ["owner"],
  desired: () => ({ stored: true, installed: true, running: true }),
  inspect: String.raw`
${IS_RUNNING}${MUNGE_SERVES}
key=/srv/ohpc/state/munge/munge.key
stored=false installed=false
if [ -s "$key" ]; then stored=true; fi
if cmp -s "$key" /etc/munge/munge.key && [ "$(stat -c '%U %a' /etc/munge/munge.key)" = 'munge 400' ]; then installed=true; fi
running=$(is_running munge)
if ! munge_serves; then running=false; fi
echo "{\"stored\":$stored,\"installed\":$installed,\"running\":$running}"
`,
  apply: String.raw`
${START_AT_BOOT}${MUNGE_SERVES}${NO_DIRECTORY}
umask 077
key=/srv/ohpc/state/munge/munge.key
mkdir -p /srv/ohpc/state/munge
if [ ! -s "$key" ]; then
  head -c 1024 /dev/urandom >"$key.new"
  sync "$key.new"
  mv -fT "$key.new" "$key"
fi
start_at_boot munge
if ! cmp -s "$key" /etc/munge/munge.key || [ "$(stat -c '%U %a' /etc/munge/munge.key)" != 'munge 400' ]; then
  no_directory /etc/munge/munge.key
  install -o munge -g munge -m 0400 "$key" /etc/munge/munge.key.new
  mv -fT /etc/munge/munge.key.new /etc/munge/munge.key
  systemctl restart munge
else
  systemctl start munge
fi
if ! munge_serves; then
  echo 'munge runs and does not answer' >&2
  exit 1
fi
munge --no-input | unmunge >/dev/null
`,
  // Where munge does not run, no daemon has an older key.
  effect: (before) => (before.stored || !before.running ? "live" : "restart slurmctld"),
};
