import { renderSlurmdbdConf } from "../../../slurm/slurmdbd-conf";
import type { Step } from "../step/step";
import { FILE_JSON, NO_DIRECTORY, PENDING, RUNS_FOR, SLURMDBD_ANSWERS, START_AT_BOOT } from "./shell";

export type SlurmdbdState = {
  readonly "slurmdbd.conf": string;
  readonly private: boolean;
  readonly answers: boolean;
  readonly pending: boolean;
};

/** The daemon between Slurm and its database. It is there before slurmctld's first start: accounting begins with the first job. */
export const slurmdbd: Step<SlurmdbdState> = {
  id: "slurmdbd",
  title: "slurmdbd",
  needs: ["database", "munge-key", "hosts"],
  desired: ({ manifest, spec }) => ({
    "slurmdbd.conf": renderSlurmdbdConf(spec, manifest),
    private: true,
    answers: true,
    pending: false,
  }),
  inspect: String.raw`
${FILE_JSON}${SLURMDBD_ANSWERS}${PENDING}
private=false answers=false
if [ "$(stat -c '%U %a' /etc/slurm/slurmdbd.conf 2>/dev/null)" = 'slurm 600' ]; then private=true; fi
if slurmdbd_answers; then answers=true; fi
echo "{\"slurmdbd.conf\":$(file_json /etc/slurm/slurmdbd.conf),\"private\":$private,\"answers\":$answers,\"pending\":$(is_pending slurmdbd)}"
`,
  apply: String.raw`
${PENDING}${RUNS_FOR}${SLURMDBD_ANSWERS}${START_AT_BOOT}${NO_DIRECTORY}
conf=/etc/slurm/slurmdbd.conf
no_directory "$conf"
jq -j '."slurmdbd.conf"' >"$conf.new"
chown slurm:slurm "$conf.new"
chmod 0600 "$conf.new"
# One that is starting, e.g. after a reboot, is left to get to its end.
action=start
if [ "$(is_pending slurmdbd)" = true ] || ! cmp -s "$conf.new" "$conf"; then
  action=restart
  pending slurmdbd restart
fi
mv -fT "$conf.new" "$conf"
start_at_boot slurmdbd
: >>/var/log/slurm/slurmdbd.log
lines=$(wc -l </var/log/slurm/slurmdbd.log)
chown slurm:slurm /var/log/slurm/slurmdbd.log
# What MariaDB refuses is in it with all that a job was submitted with. slurmctld closes its own.
chmod 0600 /var/log/slurm/slurmdbd.log
systemctl "$action" slurmdbd
# It is of use once it listens; its first start makes the tables. One that fell is started again by systemd, seconds later:
# libmariadb misreads an answer now and then (5027 Number of columns in result), and slurmdbd ends.
for ((k = 0; k < 300; k++)); do
  if slurmdbd_listens; then
    if slurmdbd_serves; then
      settled slurmdbd
      exit
    fi
    if runs_for slurmdbd 30; then
      echo 'slurmdbd runs and does not answer' >&2
      exit 1
    fi
  fi
  case $(systemctl is-active slurmdbd) in active | activating) ;; *) break ;; esac
  sleep 0.1
done
tail -n "+$((lines + 1))" /var/log/slurm/slurmdbd.log >&2
exit 1
`,
  effect: () => "live",
  files: (state) => ({ "/etc/slurm/slurmdbd.conf": state["slurmdbd.conf"] }),
  words: (before) => [
    ...(before?.private === false ? ["slurmdbd.conf is closed to others"] : []),
    ...(before?.pending === true ? ["slurmdbd has still to take what its file says"] : []),
    ...(before?.answers === false ? ["slurmdbd is started: it does not answer"] : []),
  ],
};
