import type { Cloud, MachineGroup } from "../clouds/cloud";
import type { MachineChoice, VendorMachine } from "../model/machine";
import { bag, type Kind, needed, NUMBER, type PropertyNames, SIZE, TEXT, TEXT_MAP, TEXTS } from "../model/properties";
import type { PrivateData } from "../slurm/limits";
import type { Size } from "../units";
import { constructWith } from "./construct-kind";
import { CLOUD, MACHINE } from "./machine-choice";
import type { NfsDisk } from "./nfs-disk";
import type { Users } from "./users";

export interface OpenHpcMasterProps<M extends MachineGroup = MachineGroup> {
  /**
   * Where the cluster is.
   *
   * @onChange replaces the cluster, with its disks
   */
  readonly cloud: Cloud<M>;

  /**
   * Slurm's ClusterName; it labels everything that is made.
   *
   * @default - the name of the stack
   * @onChange replaces the cluster if it is a local one, and is refused where Slurm's state and accounting belong to another
   * name: destroy the cluster first
   */
  readonly clusterName?: string;

  /**
   * @default "master"
   * @onChange replaces the master, on local clusters all machines; disks stay
   */
  readonly hostname?: string;

  /**
   * A size (`small`, `medium`, `large`, `gpu`) where the cloud sells sizes, a vendor's name or value of a machine, or one
   * of those per kind of cloud.
   *
   * @default - the smallest that the cloud thinks fit; a cloud whose machines were there before has no choice
   * @onChange restarts the master on AWS and Azure, as the new size, about which `ohpc` asks (AWS replaces it for another
   * architecture); a local one goes on. Disks stay
   */
  readonly machine?: MachineChoice;

  /**
   * @default - the network address of the subnet + 10
   * @onChange replaces the master (on Azure changes its interface in place, which has not been tried); disks stay. On local
   * clusters all machines are replaced; elsewhere nodes look for it at the old address until they are made anew
   */
  readonly address?: string;

  /**
   * The disk that all machines share as `/home`.
   *
   * @default - none: each machine has a home of its own
   * @onChange replaces all machines on local clusters. Elsewhere end all jobs first: a machine that has a disk mounted there
   * already goes on with that, fails and says so, until it is rebooted. One that leaves the stack goes as its `whenRemoved`
   * says
   */
  readonly home?: NfsDisk;

  /**
   * Slurm's state, the accounting database and the cluster's keys. It outlives the master and is shared with nobody.
   *
   * @default - a new disk of 16 GiB
   * @onChange replaces the master on local clusters if another one is `existing`, which is another cluster's history; `size`
   * grows it, live
   */
  readonly stateDisk?: StateDiskOptions;

  /**
   * The disk of the operating system: at least 20 GiB.
   *
   * @default Size.gibibytes(40)
   * @onChange restarts the master on Azure; elsewhere live. It grows: a smaller size is refused by the cloud. Local machines
   * have none
   */
  readonly rootDisk?: Size;

  /**
   * The vendor's name of an image; `debian-13`, on every cloud, is a stock Debian, which gets all software when the cluster is configured.
   *
   * @default - the cloud's own
   * @onChange replaces the master on local clusters; elsewhere nothing before it is replaced on purpose
   */
  readonly image?: string;

  /**
   * Who has an account.
   *
   * @default - nobody but root
   * @onChange live; users and groups that go, and users who get another uid, are named with their jobs, and `ohpc` asks
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
   * @onChange live: grows the disk, but not the file system that is on it already (`resize2fs` on the master does); a smaller
   * size is refused by the cloud. Local disks have no size
   */
  readonly size?: Size;

  /**
   * The vendor's id of a disk that exists already.
   *
   * @default - a new disk is made
   * @onChange replaces the master on local clusters. The cluster continues the history that is on it, if that is of its name
   * and not another state's (then `ohpc up --take-over`); elsewhere, as for a home, a disk that is mounted stays so until the
   * master is rebooted
   */
  readonly existing?: string;
}

export interface SlurmOptions {
  /**
   * Keys of slurm.conf and their values, for all that the library does not set from what it knows.
   *
   * @default - none
   * @onChange reconfigures Slurm for most keys; some restart slurmctld, or drain the nodes and restart slurmd: the plan names
   * them, and says why
   */
  readonly settings?: Readonly<Record<string, string>>;

  /**
   * How many jobs each user may have, pending and running; every task of an array is one. It is the MaxSubmitJobs of the
   * cluster's association: what sacctmgr sets for an account or a user counts instead.
   *
   * @default 2000
   * @onChange reconfigures Slurm; jobs that are there stay
   */
  readonly maxSubmitJobs?: number;

  /**
   * What Slurm shows of others only to root and operators (slurm.conf's and slurmdbd.conf's PrivateData); `[]` shows all
   * to all, command lines of jobs included.
   *
   * @default ["jobs"]
   * @onChange reconfigures Slurm and restarts slurmdbd; jobs go on
   */
  readonly privateData?: readonly PrivateData[];
}

const STATE_DISK_NAMES = { size: SIZE, existing: TEXT } satisfies PropertyNames<StateDiskOptions>;
const SLURM_NAMES = {
  settings: TEXT_MAP,
  maxSubmitJobs: NUMBER,
  privateData: TEXTS,
} satisfies PropertyNames<SlurmOptions>;

const DISK: Kind = constructWith("an NfsDisk", "use");
const USERS: Kind = {
  want: "Users.fromFile(…) or Users.of([ … ])",
  fits: (value) => {
    const { problems, users } = (value as Partial<Users> | null)?.answer ?? {};
    return Array.isArray(problems) && (problems.length > 0 || typeof users === "object");
  },
};

export const MASTER_NAMES = {
  cloud: needed(CLOUD),
  clusterName: TEXT,
  hostname: TEXT,
  machine: MACHINE,
  address: TEXT,
  home: DISK,
  stateDisk: bag(STATE_DISK_NAMES),
  rootDisk: SIZE,
  image: TEXT,
  users: USERS,
  slurm: bag(SLURM_NAMES),
} satisfies PropertyNames<OpenHpcMasterProps, Cloud | NfsDisk | Users | VendorMachine>;
