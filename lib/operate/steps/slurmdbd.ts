import { renderSlurmdbdConf } from "../../slurm/slurmdbd-conf";
import { FILE_JSON, IS_RUNNING, PENDING, START_AT_BOOT } from "./shell";
import type { Step } from "./step";

export type SlurmdbdState = {
  readonly "slurmdbd.conf": string;
  readonly private: boolean;
  readonly running: boolean;
  readonly pending: boolean;
};

/** The daemon between Slurm and its database. It is there before slurmctld's first start: accounting begins with the first job. */
export const slurmdbd: Step<SlurmdbdState> = {
  id: "slurmdbd",
  title: "slurmdbd",
  needs: ["database", "munge-key", "hosts"],
  desired: ({ manifest, wish }) => ({
    "slurmdbd.conf": renderSlurmdbdConf(wish, manifest),
    private: true,
    running: true,
    pending: false,
  }),
  inspect: String.raw`
${FILE_JSON}${IS_RUNNING}${PENDING}
private=false
if [ "$(stat -c '%U %a' /etc/slurm/slurmdbd.conf 2>/dev/null)" = 'slurm 600' ]; then private=true; fi
echo "{\"slurmdbd.conf\":$(file_json /etc/slurm/slurmdbd.conf),\"private\":$private,\"running\":$(is_running slurmdbd),\"pending\":$(is_pending slurmdbd)}"
`,
  apply: String.raw`
${PENDING}${START_AT_BOOT}
conf=/etc/slurm/slurmdbd.conf
jq -j '."slurmdbd.conf"' >"$conf.new"
chown slurm:slurm "$conf.new"
chmod 0600 "$conf.new"
pending slurmdbd restart
mv -fT "$conf.new" "$conf"
start_at_boot slurmdbd
: >>/var/log/slurm/slurmdbd.log
lines=$(wc -l </var/log/slurm/slurmdbd.log)
chown slurm:slurm /var/log/slurm/slurmdbd.log
systemctl restart slurmdbd
# It is of use once it listens; its first start makes the tables.
for ((k = 0; k < 300; k++)); do
  if (exec 3<>/dev/tcp/127.0.0.1/6819) 2>/dev/null; then
    settled slurmdbd
    exit
  fi
  if ! systemctl is-active --quiet slurmdbd; then break; fi
  sleep 0.1
done
tail -n "+$((lines + 1))" /var/log/slurm/slurmdbd.log >&2
exit 1
`,
  effect: () => "live",
};
