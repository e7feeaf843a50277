import type { ClusterSpec, PartitionSpec } from "../model/cluster-spec";
import type { Manifest } from "../model/manifest";
import { SLURMCTLD_PORT, SLURMD_PORT, SLURMDBD_PORT, SRUN_PORTS } from "../model/ports";
import { byName, clusterFacts, sitesWithPools } from "./cluster-facts";
import { type ConfSettings, confFile, confLine, confLines } from "./conf-line";
import { defMemPerCpu } from "./memory";
import { nodeLines } from "./node-lines";
import { privateDataOf } from "./limits";
import { libraryPart, userPart } from "./owned-settings";

/** The master's directory that outlives it, below the mount point of the state disk. */
export const STATE_SAVE_LOCATION = "/srv/ohpc/state/slurmctld";

/**
 * slurm.conf: the one file for controller and nodes, which fetch it from the controller (configless).
 * Pools and partitions come in the order of their names, so that reordering them in the stack changes nothing here.
 */
export function renderSlurmConf(spec: ClusterSpec, manifest: Manifest): string {
  const user = spec.slurm.settings;
  const settings = [controller, communication, scheduling, jobs, accounting].map((group) =>
    libraryPart(group(manifest, spec), user),
  );
  return confFile(manifest.cluster, [
    ...[...settings, userPart(user)].map(confLines),
    allNodeLines(spec, manifest),
    byName(spec.partitions).map((partition) => partitionLine(partition, manifest)),
  ]);
}

function controller({ cluster, master }: Manifest): ConfSettings {
  return {
    ClusterName: cluster,
    SlurmctldHost: `${master.host}(${master.address})`,
    SlurmUser: "slurm",
    AuthType: "auth/munge",
    // Of 50 connections, which is Slurm's own limit, one user leaves nothing to all others.
    SlurmctldParameters: ["enable_configless", "conmgr_max_connections=4096"],
    StateSaveLocation: STATE_SAVE_LOCATION,
    SlurmdSpoolDir: "/var/spool/slurmd",
    SlurmctldPidFile: "/run/slurmctld/slurmctld.pid",
    SlurmdPidFile: "/run/slurmd.pid",
    SlurmctldLogFile: "/var/log/slurm/slurmctld.log",
    SlurmdLogFile: "/var/log/slurm/slurmd.log",
  };
}

function communication(manifest: Manifest): ConfSettings {
  const { configOverrides, slurmdTimeout } = clusterFacts(manifest);
  return {
    SlurmctldPort: SLURMCTLD_PORT,
    SlurmdPort: SLURMD_PORT,
    SrunPortRange: `${SRUN_PORTS.from}-${SRUN_PORTS.to}`,
    CommunicationParameters: "block_null_hash",
    MessageTimeout: 60,
    SlurmdTimeout: slurmdTimeout,
    SlurmdParameters: configOverrides ? "config_overrides" : undefined,
    // A node that comes back, for whatever reason it was gone, is used again.
    ReturnToService: 2,
    RebootProgram: "/usr/sbin/reboot",
    // How long a machine may take to come back from `scontrol reboot`; Slurm's own minute is too short for clouds.
    ResumeTimeout: 600,
  };
}

function scheduling(manifest: Manifest): ConfSettings {
  return {
    SelectType: "select/cons_tres",
    SelectTypeParameters: "CR_Core_Memory",
    SchedulerParameters: "nohold_on_prolog_fail",
    TopologyPlugin: sitesWithPools(manifest).length > 1 ? "topology/tree" : undefined,
    GresTypes: gresTypes(manifest),
    JobRequeue: 1,
    // What no partition that was asked for will ever start is refused at once, instead of waiting for ever.
    EnforcePartLimits: "ALL",
    // Seconds until somebody who joined a group may use the partitions of that group.
    GroupUpdateTime: 60,
  };
}

function jobs(manifest: Manifest): ConfSettings {
  const { cgroups } = clusterFacts(manifest);
  return {
    ProctrackType: cgroups ? "proctrack/cgroup" : "proctrack/linuxproc",
    TaskPlugin: cgroups ? ["task/affinity", "task/cgroup"] : "task/none",
    PrologFlags: cgroups ? ["Alloc", "Contain"] : undefined,
    MpiDefault: "pmix",
    LaunchParameters: "use_interactive_step",
    PropagateResourceLimitsExcept: "MEMLOCK",
  };
}

function accounting(manifest: Manifest, { slurm }: ClusterSpec): ConfSettings {
  return {
    AccountingStorageType: "accounting_storage/slurmdbd",
    AccountingStorageHost: manifest.master.host,
    AccountingStoragePort: SLURMDBD_PORT,
    // Who has no association, that is who is not in the users file, cannot submit; nor with a QOS that is not theirs, nor a
    // job that would be ended by a limit before its time is over.
    AccountingStorageEnforce: ["associations", "limits", "qos", "safe"],
    PrivateData: privateDataOf(slurm),
    AccountingStorageTRES: gresTypes(manifest).map((name) => `gres/${name}`),
    JobAcctGatherType: clusterFacts(manifest).cgroups ? "jobacct_gather/cgroup" : "jobacct_gather/linux",
  };
}

function gresTypes({ pools }: Manifest): readonly string[] {
  return [...new Set(pools.flatMap(({ gres }) => gres.map(({ name }) => name)))].sort();
}

function allNodeLines(spec: ClusterSpec, { pools }: Manifest): readonly string[] {
  const specs = new Map(spec.pools.map((pool) => [pool.name, pool]));
  return byName(pools).flatMap((pool) => nodeLines(pool, specs.get(pool.name)));
}

function partitionLine(partition: PartitionSpec, manifest: Manifest): string {
  const pools = byName(manifest.pools.filter(({ name }) => partition.pools.includes(name)));
  return confLine({
    PartitionName: partition.name,
    Nodes: pools.map(({ hosts }) => hosts),
    Default: partition.default ? "YES" : undefined,
    DefaultTime: partition.defaultTime,
    MaxTime: partition.maxTime ?? "UNLIMITED",
    AllowGroups: partition.allowGroups,
    DefMemPerCPU: defMemPerCpu(pools.map(({ shape }) => shape)),
    OverSubscribe: partition.exclusive ? "EXCLUSIVE" : undefined,
  });
}
