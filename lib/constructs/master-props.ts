import type { Cloud, MachineGroup } from "../clouds/cloud";
import type { MachineChoice } from "../model/machine";
import type { PrivateData } from "../slurm/limits";
import type { Size } from "../units";
import type { NfsDisk } from "./nfs-disk";
import type { Users } from "./users";

export interface OpenHpcMasterProps<M extends MachineGroup = MachineGroup> {
  /**
   * Where the cluster is.
   *
   * @onChange replaces the cluster
   */
  readonly cloud: Cloud<M>;

  /**
   * Slurm's ClusterName; it labels everything that is made.
   *
   * @default - the name of the stack
   * @onChange replaces the cluster: accounting and Slurm's state belong to the name
   */
  readonly clusterName?: string;

  /**
   * @default "master"
   * @onChange replaces the master; its disks stay
   */
  readonly hostname?: string;

  /**
   * A size (`small`, `medium`, `large`, `gpu`) where the cloud sells sizes, a vendor's name or value of a machine, or one
   * of those per kind of cloud.
   *
   * @default - the smallest that the cloud thinks fit; a cloud whose machines were there before has no choice
   * @onChange replaces the master; its disks stay
   */
  readonly machine?: MachineChoice;

  /**
   * @default - the network address of the subnet + 10
   * @onChange replaces the master, and all nodes have to learn it: drain first
   */
  readonly address?: string;

  /**
   * The disk that all machines share as `/home`.
   *
   * @default - none: each machine has a home of its own
   * @onChange mounts the other disk, with all jobs drained; the old one's data stay on it
   */
  readonly home?: NfsDisk;

  /**
   * Slurm's state, the accounting database and the cluster's keys. It outlives the master and is shared with nobody.
   *
   * @default - a new disk of 16 GiB
   * @onChange grows it; another `existing` one is another cluster's history
   */
  readonly stateDisk?: StateDiskOptions;

  /**
   * The disk of the operating system: at least 20 GiB.
   *
   * @default Size.gibibytes(40)
   * @onChange replaces the master; its disks stay
   */
  readonly rootDisk?: Size;

  /**
   * The vendor's name of an image; `debian-13`, on every cloud, is a stock Debian, which gets all software when the cluster is configured.
   *
   * @default - the cloud's own
   * @onChange nothing before the master is replaced on purpose
   */
  readonly image?: string;

  /**
   * Who has an account.
   *
   * @default - nobody but root
   * @onChange live
   */
  readonly users?: Users;

  /**
   * What slurm.conf says beyond what the cluster's shape says.
   *
   * @default - production settings
   */
  readonly slurm?: SlurmOptions;
}

export interface StateDiskOptions {
  /**
   * At least 8 GiB.
   *
   * @default Size.gibibytes(16)
   * @onChange grows the disk; a smaller size is refused by the cloud
   */
  readonly size?: Size;

  /**
   * The vendor's id of a disk that exists already.
   *
   * @default - a new disk is made
   * @onChange the cluster continues the history that is on it
   */
  readonly existing?: string;
}

export interface SlurmOptions {
  /**
   * Keys of slurm.conf and their values, for all that the library does not set from what it knows.
   *
   * @default - none
   * @onChange reconfigures slurmctld, or restarts it where Slurm needs that
   */
  readonly settings?: Readonly<Record<string, string>>;

  /**
   * How many jobs each user may have, pending and running; every task of an array is one. It is the MaxSubmitJobs of the
   * cluster's association: what sacctmgr sets for an account or a user counts instead.
   *
   * @default 2000
   * @onChange reconfigures slurmctld; jobs that are there stay
   */
  readonly maxSubmitJobs?: number;

  /**
   * What Slurm shows of others only to root and operators (slurm.conf's and slurmdbd.conf's PrivateData); `[]` shows all
   * to all, command lines of jobs included.
   *
   * @default ["jobs"]
   * @onChange reconfigures slurmctld and restarts slurmdbd; jobs go on
   */
  readonly privateData?: readonly PrivateData[];
}
