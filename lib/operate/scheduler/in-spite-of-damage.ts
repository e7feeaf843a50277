import type { Remote } from "../exec/remote/remote";

/**
 * The same master, for scripts that talk to slurmctld also where somebody has damaged its slurm.conf: no program of Slurm's
 * works with such a file, and slurmctld runs on with what it has read.
 *
 * @param slurmConf - as it should be
 */
export function inSpiteOfDamage(master: Remote, slurmConf: string): Remote {
  const beginning = findSlurmctld(slurmConf);
  return {
    host: master.host,
    run: async (script, options) => master.run(`${beginning}${script}`, options),
    read: async (path) => master.read(path),
    write: async (path, content, mode) => master.write(path, content, mode),
  };
}

/** Lines of ohpc's own; no value of a user's is among them. */
function findSlurmctld(slurmConf: string): string {
  const lines = slurmConf
    .split("\n")
    .filter((line) => /^(ClusterName|SlurmctldHost|SlurmctldPort|AuthType)=[\w.()/-]+$/.test(line));
  return String.raw`
if ! scontrol show hostnames x >/dev/null 2>&1; then
  SLURM_CONF=$(mktemp -p /run)
  export SLURM_CONF
  trap 'rm -f "$SLURM_CONF"' EXIT
  cat >"$SLURM_CONF" <<'OHPC_SLURM_CONF'
${lines.join("\n")}
OHPC_SLURM_CONF
fi
`;
}
