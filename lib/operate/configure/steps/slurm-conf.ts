import { FIRST_USER_PORT } from "../../../model/ports";
import { renderCgroupConf } from "../../../slurm/cgroup-conf";
import { effectOfSlurmConf, worstEffect } from "../../../slurm/effects";
import { isOfAnother, isWholeSlurmConf } from "../../../slurm/slurm-conf-parse";
import { renderGresConf } from "../../../slurm/gres-conf";
import { renderMpiConf } from "../../../slurm/mpi-conf";
import { renderSlurmConf } from "../../../slurm/slurm-conf";
import { renderTopologyConf } from "../../../slurm/topology-conf";
import type { Effect, Step } from "../step/step";
import { FILE_JSON, NO_DIRECTORY, PENDING } from "./shell";

/** Slurm's files, and what makes their text; `undefined`: the cluster needs none. */
const RENDERERS = {
  "slurm.conf": renderSlurmConf,
  "gres.conf": renderGresConf,
  "cgroup.conf": renderCgroupConf,
  "mpi.conf": renderMpiConf,
  "topology.conf": renderTopologyConf,
};
type FileName = keyof typeof RENDERERS;
const NAMES = Object.keys(RENDERERS) as FileName[];
const OTHERS = NAMES.filter((name) => name !== "slurm.conf");

export type SlurmConfState = { readonly [name in FileName]: string | null } & {
  /** Whether slurmctld runs with something else than the files say. */
  readonly pending: boolean;
  /** Whether slurmctld, which is not root, and users can read them, and only root can write them. */
  readonly open: boolean;
};

/** Jobs to be cancelled before another slurm.conf is installed: the SHA-256 of that file, then their ids, one a line. */
export const JOBS_TO_CANCEL = "/run/ohpc/jobs-to-cancel";

/**
 * Slurm's files, which lie on the master only: nodes fetch them from slurmctld (configless).
 * A new slurm.conf is first given to a slurmctld of its own, in a network of its own, that does nothing else: a file that
 * Slurm does not take is never installed, because with it every client command would fail.
 */
export const slurmConf: Step<SlurmConfState> = {
  id: "slurm-conf",
  title: "slurm.conf",
  needs: ["hosts", "munge-key"],
  desired: ({ manifest, spec }) => {
    const files = NAMES.map((name) => [name, RENDERERS[name](spec, manifest) ?? null] as const);
    return { ...(Object.fromEntries(files) as Record<FileName, string | null>), pending: false, open: true };
  },
  inspect: String.raw`
${FILE_JSON}${PENDING}
cd /etc/slurm 2>/dev/null || cd /
open=true
if [ "$(stat -c '%U %a' .)" != 'root 755' ]; then open=false; fi
printf '{'
for name in ${NAMES.join(" ")}; do
  printf '"%s":%s,' "$name" "$(file_json "$name")"
  if [ -e "$name" ] && [ "$(stat -c '%U %a' "$name")" != 'root 644' ]; then open=false; fi
done
printf '"pending":%s,"open":%s}\n' "$(is_pending slurmctld)" "$open"
`,
  apply: String.raw`
${PENDING}${NO_DIRECTORY}
names='${NAMES.join(" ")}'
mkdir -p /run/ohpc
staged=$(mktemp -d /run/ohpc/staged.XXXXXX)
scratch=
stop_scratch() { if [ -n "$scratch" ]; then kill -9 "$scratch" 2>/dev/null || true; fi; }
trap 'stop_scratch; rm -rf "$staged" ${JOBS_TO_CANCEL}' EXIT
chmod 0755 "$staged"
desired=$(cat)
for name in $names; do
  if jq -e --arg name "$name" '.[$name] != null' <<<"$desired" >/dev/null; then
    jq -j --arg name "$name" '.[$name]' <<<"$desired" >"$staged/$name"
  fi
done

# A slurmctld that only reads: nothing of it reaches database, nodes or the state of the real one. In a network of its own
# no port is taken, and its own, which it binds as slurm, is not root's. It has an address that is not the loopback's, without
# which getaddrinfo finds nothing to listen on.
check_staged() {
  local check=$staged/check log=$staged/check/log
  mkdir -m 0755 "$check"
  install -d -o slurm -m 0700 "$check/state"
  install -o slurm -m 0600 /dev/null "$log"
  for name in ${OTHERS.join(" ")}; do
    if [ -e "$staged/$name" ]; then cp "$staged/$name" "$check/"; fi
  done
  grep -viE '^(AccountingStorage|JobComp|Slurmctld(Port|PidFile|LogFile)|SlurmdPort|StateSaveLocation|PrologSlurmctld|EpilogSlurmctld)' \
    "$staged/slurm.conf" >"$check/slurm.conf"
  {
    echo "SlurmctldPort=${FIRST_USER_PORT}"
    echo "SlurmdPort=1"
    echo "StateSaveLocation=$check/state"
    echo "SlurmctldPidFile=$check/state/pid"
    echo "SlurmctldLogFile=$log"
    echo "AccountingStorageType=accounting_storage/none"
  } >>"$check/slurm.conf"
  # shellcheck disable=SC2016 # the inner bash gets it from its environment
  SLURM_CONF=$check/slurm.conf unshare --net -- \
    bash -c 'ip link set lo up && ip address add 192.0.2.1/32 dev lo && exec slurmctld -D -f "$SLURM_CONF"' </dev/null >"$check/said" 2>&1 &
  scratch=$!
  for ((k = 0; k < 400; k++)); do
    if grep -q 'Running as primary controller' "$log"; then
      stop_scratch
      wait "$scratch" 2>/dev/null || true
      scratch=
      return
    fi
    if ! kill -0 "$scratch" 2>/dev/null; then break; fi
    sleep 0.05
  done
  echo "slurmctld does not take the new slurm.conf:" >&2
  # Two of its complaints come from what was taken out for the check, and from a machine without mail.
  grep -hE 'error|fatal' "$check/said" | grep -v 'MailProg\|gathered, but not stored' >&2 || cat "$check/said" "$log" >&2
  return 1
}
check_staged

# Jobs that somebody has agreed to lose with what goes: Slurm would call them failed, and start them anew when it comes back.
jobs_to_cancel() {
  if [ "$(head -n 1 ${JOBS_TO_CANCEL} 2>/dev/null)" = "$(sha256sum <"$staged/slurm.conf" | cut -d' ' -f1)" ]; then tail -n +2 ${JOBS_TO_CANCEL}; fi
}
cancel_jobs() {
  # One that was damaged by hand is of no use to Slurm's programs.
  if ! scontrol show hostnames x >/dev/null 2>&1; then export SLURM_CONF=$staged/slurm.conf; fi
  xargs -r -n 500 timeout 60 scancel --quiet <<<"$1" >/dev/null 2>&1 || true
  for ((k = 0; k < 50; k++)); do
    left=$(xargs -n 500 <<<"$1" | tr ' ' , | while read -r ids; do timeout 30 squeue --all --noheader --format=%A --jobs="$ids"; done 2>/dev/null || true)
    if [ -z "$left" ]; then break; fi
    sleep 0.2
  done
}
jobs=$(jobs_to_cancel)
if [ -n "$jobs" ] && systemctl is-active --quiet slurmctld; then (cancel_jobs "$jobs"); fi

effect=$OHPC_EFFECT
# What an earlier run began and did not finish counts, too; who cannot say gets the restart.
if [ "$(cat /run/ohpc/pending/slurmctld 2>/dev/null)" = restart ]; then effect='restart slurmctld'; fi
case $effect in
  none | live | reconfigure) how=reconfigure ;;
  *) how=restart ;;
esac
if systemctl is-active --quiet slurmctld; then pending slurmctld "$how"; fi
install -d -o root -g root -m 0755 /etc/slurm
for name in $names; do
  no_directory "/etc/slurm/$name"
  if [ -e "$staged/$name" ]; then
    install -o root -g root -m 0644 "$staged/$name" "/etc/slurm/$name.new"
    mv -fT "/etc/slurm/$name.new" "/etc/slurm/$name"
  else
    rm -f "/etc/slurm/$name"
  fi
done
if systemctl is-active --quiet slurmctld; then
  if [ "$how" = restart ]; then
    systemctl restart slurmctld
    until timeout 5 scontrol ping 2>/dev/null | grep -q 'is UP'; do
      if [ "$SECONDS" -ge 60 ]; then break; fi
      sleep 0.1
    done
  fi
  code=0
  timeout 5 scontrol ping >/dev/null 2>&1 || code=$?
  if [ "$code" = 124 ]; then
    echo 'slurmctld runs and does not answer' >&2
    exit 1
  fi
  # After a restart, too: it is what carries the files to the nodes.
  timeout 60 scontrol reconfigure
fi
settled slurmctld
`,
  effect: effectOfFiles,
  files: (state) => Object.fromEntries(NAMES.map((name) => [`/etc/slurm/${name}`, state[name]])),
  words: (before) => [
    ...(before?.pending === true ? ["slurmctld has still to take what the files say"] : []),
    ...(before?.open === false ? ["who may read and write them is put right"] : []),
  ],
  remedies: [
    {
      when: /does not take the new slurm\.conf/,
      cause: "slurmctld refuses the new slurm.conf; the old one is still in use and the cluster runs on",
      remedy: "correct the settings, partitions or pools that the lines below name",
    },
  ],
};

function effectOfFiles(before: SlurmConfState, after: SlurmConfState): Effect {
  // Where Slurm has not been yet, files disturb nobody.
  if (before["slurm.conf"] === null) return "live";
  const others = OTHERS.some((name) => before[name] !== after[name]);
  const wanted = after["slurm.conf"] ?? "";
  // Nobody can say what slurmctld runs with, if not that.
  if (!isWholeSlurmConf(before["slurm.conf"]))
    return isOfAnother(before["slurm.conf"], wanted) ? "replace cluster" : "restart slurmctld";
  const settings = effectOfSlurmConf(before["slurm.conf"], wanted).effect;
  return worstEffect([settings, others || before.pending ? "reconfigure" : "live"]);
}
