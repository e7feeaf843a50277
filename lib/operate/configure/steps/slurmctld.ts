import { STATE_SAVE_LOCATION } from "../../../slurm/slurm-conf";
import type { Step } from "../step/step";
import { RUNS_FOR, START_AT_BOOT } from "./shell";

export type SlurmctldState = { readonly state: boolean; readonly atBoot: boolean; readonly answers: boolean };

/** Slurm's controller, with its state on the disk that outlives the master; true once it answers. */
export const slurmctld: Step<SlurmctldState> = {
  id: "slurmctld",
  title: "slurmctld",
  needs: ["cluster-registered", "slurm-conf", "accounts", "state-disk"],
  desired: () => ({ state: true, atBoot: true, answers: true }),
  inspect: String.raw`
state=false boot=false answers=false
if [ "$(stat -c %U ${STATE_SAVE_LOCATION} 2>/dev/null)" = slurm ]; then state=true; fi
if systemctl is-enabled --quiet slurmctld 2>/dev/null; then boot=true; fi
if systemctl is-active --quiet slurmctld; then
  if said=$(timeout 5 scontrol ping 2>/dev/null) && grep -q 'is UP' <<<"$said"; then answers=true; fi
fi
echo "{\"state\":$state,\"atBoot\":$boot,\"answers\":$answers}"
`,
  apply: String.raw`
${START_AT_BOOT}${RUNS_FOR}
install -d -o slurm -g slurm -m 0700 ${STATE_SAVE_LOCATION}
start_at_boot slurmctld
log=/var/log/slurm/slurmctld.log
lines=0
if [ -e "$log" ]; then lines=$(wc -l <"$log"); fi
said=$(systemctl start slurmctld 2>&1) || echo "$said" >&2
for ((k = 0; k < 300; k++)); do
  # One that fell, e.g. because slurmdbd took no messages yet, is started again by systemd, seconds later.
  case $(systemctl is-active slurmctld) in active | activating) ;; *) break ;; esac
  code=0
  said=$(timeout 5 scontrol ping 2>/dev/null) || code=$?
  if grep -q 'is UP' <<<"$said"; then exit; fi
  if [ "$code" = 124 ] && runs_for slurmctld 30; then
    echo 'slurmctld runs and does not answer' >&2
    exit 1
  fi
  sleep 0.1
done
tail -n "+$((lines + 1))" "$log" >&2
exit 1
`,
  effect: () => "live",
  remedies: [
    {
      when: /CLUSTER (ID|NAME) MISMATCH/,
      cause: "Slurm's state and the accounting database are not of one origin",
      remedy:
        "bring back the state disk that belongs to this database; if no job or accounting record is to be kept, remove /srv/ohpc/state/slurmctld and run it again",
    },
  ],
};
