import type { ClusterSpec } from "../model/cluster-spec";
import type { Manifest } from "../model/manifest";
import { SLURMDBD_PORT } from "../model/ports";
import { confFile, confLines } from "./conf-line";
import { privateDataOf } from "./limits";

/** The database in MariaDB that holds the accounting records. */
export const ACCOUNTING_DATABASE = "slurm_acct_db";

/**
 * slurmdbd.conf. There is no password in it: slurmdbd reaches MariaDB on the master by its unix socket as user `slurm`.
 * slurmdbd wants the file to be its user's, with mode 0600.
 */
export function renderSlurmdbdConf({ slurm }: ClusterSpec, { cluster, master }: Manifest): string {
  return confFile(cluster, [
    confLines({
      AuthType: "auth/munge",
      DbdHost: master.host,
      DbdPort: SLURMDBD_PORT,
      SlurmUser: "slurm",
      PrivateData: privateDataOf(slurm),
      StorageType: "accounting_storage/mysql",
      StorageHost: "localhost",
      StorageUser: "slurm",
      StorageLoc: ACCOUNTING_DATABASE,
      LogFile: "/var/log/slurm/slurmdbd.log",
      PidFile: "/run/slurmdbd/slurmdbd.pid",
    }),
  ]);
}
