import { SLURMDBD_PORT } from "../../../model/ports";

/** Shell functions that several steps' scripts begin with. */

/** `start_at_boot UNIT`: what `systemctl enable` does, without its half second of looking for init scripts. */
export const START_AT_BOOT = String.raw`
start_at_boot() {
  mkdir -p /etc/systemd/system/multi-user.target.wants
  ln -sfn "/usr/lib/systemd/system/$1.service" "/etc/systemd/system/multi-user.target.wants/$1.service"
}
`;

/** `is_running UNIT`: prints `true` or `false`. */
export const IS_RUNNING = String.raw`
is_running() { if systemctl is-active --quiet "$1"; then echo true; else echo false; fi; }
`;

/**
 * `slurmdbd_answers`: it runs and listens, which its first start takes seconds to do, while it makes its tables; and it
 * answers: one that hangs, or waits for a database that does, is connected to by the kernel all the same.
 */
export const SLURMDBD_ANSWERS = String.raw`
slurmdbd_answers() { slurmdbd_listens && slurmdbd_serves; }
slurmdbd_listens() { systemctl is-active --quiet slurmdbd && (exec 3<>/dev/tcp/127.0.0.1/${SLURMDBD_PORT}) 2>/dev/null; }
# Slurm's programs are of no use without a slurm.conf that they can read.
slurmdbd_serves() {
  local code=0
  timeout 5 sacctmgr --noheader --parsable2 show cluster format=cluster >/dev/null 2>&1 || code=$?
  [ "$code" != 124 ]
}
`;

/**
 * `runs_for UNIT SECONDS`: whether it has been up for that long. A daemon that has just been started may take its time;
 * one that has not, and does not answer, hangs.
 */
export const RUNS_FOR = String.raw`
runs_for() {
  local since
  since=$(systemctl show --property ActiveEnterTimestampMonotonic --value "$1")
  [ "$(systemctl is-active "$1")" = active ] && [ "$(awk -v since="$since" -v limit="$2" '{ print ($1 - since / 1e6 >= limit) }' /proc/uptime)" = 1 ]
}
`;

/** `file_json PATH`: the content of a file as JSON text, `null` if there is none. */
export const FILE_JSON = String.raw`
file_json() { if [ -f "$1" ]; then jq -Rs . <"$1"; else echo null; fi; }
`;

/**
 * `pending NAME EFFECT` before a daemon's file is changed, `settled NAME` once the daemon has taken it, `is_pending NAME`:
 * whoever dies between the two is followed by a run that finds the file as it should be and the daemon still to be told.
 * A reboot settles everything: the daemons read their files then.
 */
export const PENDING = String.raw`
pending() { mkdir -p /run/ohpc/pending; printf '%s' "$2" >"/run/ohpc/pending/$1"; }
settled() { rm -f "/run/ohpc/pending/$1"; }
is_pending() { if [ -e "/run/ohpc/pending/$1" ]; then echo true; else echo false; fi; }
`;

/** `no_directory PATH`: takes an empty directory away where a file belongs; a bind mount of nothing leaves such ones. */
export const NO_DIRECTORY = String.raw`
no_directory() { if [ -d "$1" ] && [ ! -L "$1" ]; then rmdir "$1"; fi; }
`;
