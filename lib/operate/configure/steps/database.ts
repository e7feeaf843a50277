import { ACCOUNTING_DATABASE } from "../../../slurm/slurmdbd-conf";
import type { Step } from "../step/step";
import { START_AT_BOOT } from "./shell";

export type DatabaseState = { readonly data: boolean; readonly running: boolean; readonly granted: boolean };

/**
 * MariaDB, for accounting: its data on the disk that outlives the master, reached by its unix socket, where the kernel
 * says who asks. There is no password. The image says where the data are and has a blank database, which is copied.
 */
export const database: Step<DatabaseState> = {
  id: "database",
  title: "the accounting database",
  needs: ["state-disk"],
  desired: () => ({ data: true, running: true, granted: true }),
  inspect: String.raw`
data=false running=false granted=false
if [ -d /srv/ohpc/state/mysql/mysql ]; then data=true; fi
if systemctl is-active --quiet mariadb; then
  running=true
  if timeout --signal=KILL 5 runuser -u slurm -- mariadb --batch --execute 'SELECT 1' ${ACCOUNTING_DATABASE} >/dev/null 2>&1; then granted=true; fi
fi
echo "{\"data\":$data,\"running\":$running,\"granted\":$granted}"
`,
  apply: String.raw`
${START_AT_BOOT}
data=/srv/ohpc/state/mysql
if [ ! -d "$data/mysql" ]; then
  if [ -n "$(ls -A "$data" 2>/dev/null)" ]; then
    echo "$data is neither empty nor a database" >&2
    exit 1
  fi
  rm -rf "$data.new"
  cp -a /usr/share/ohpc/mysql "$data.new"
  chown -R mysql:mysql "$data.new"
  rm -rf "$data"
  mv -T "$data.new" "$data"
fi
start_at_boot mariadb
systemctl start mariadb || { journalctl --quiet --unit mariadb --lines 20 --output cat >&2; exit 1; }
# One that hangs is connected to by the kernel all the same.
code=0
timeout --signal=KILL 5 mariadb-admin ping >/dev/null 2>&1 || code=$?
if [ "$code" = 137 ]; then
  echo 'mariadb runs and does not answer' >&2
  exit 1
fi
timeout 60 mariadb --batch <<'SQL'
CREATE DATABASE IF NOT EXISTS ${ACCOUNTING_DATABASE};
CREATE USER IF NOT EXISTS slurm@localhost IDENTIFIED VIA unix_socket;
GRANT ALL PRIVILEGES ON ${ACCOUNTING_DATABASE}.* TO slurm@localhost;
SQL
`,
  effect: () => "live",
  remedies: [
    {
      when: /neither empty nor a database/,
      cause: "the state disk has something else where the database belongs",
      remedy: "look at /srv/ohpc/state/mysql (ohpc ssh) and move it away",
    },
  ],
};
