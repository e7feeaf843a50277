import type { Step } from "../step/step";
import { accounts } from "./accounts";
import { bundle } from "./bundle";
import { clusterRegistered } from "./cluster-registered";
import { database } from "./database";
import { departures } from "./departures";
import { nfsExports } from "./exports";
import { homeDisk } from "./home-disk";
import { hosts } from "./hosts";
import { metadataGuard } from "./metadata-guard";
import { metrics } from "./metrics";
import { mungeKey } from "./munge-key";
import { owner } from "./owner";
import { runawayJobs } from "./runaway-jobs";
import { slurmAccounts } from "./slurm-accounts";
import { slurmConf } from "./slurm-conf";
import { slurmctld } from "./slurmctld";
import { slurmdbd } from "./slurmdbd";
import { software } from "./software";
import { stateDisk } from "./state-disk";

/** All that makes machines a cluster; every step is carried out on the master, nodes look after themselves. */
export const MASTER_STEPS: readonly Step[] = [
  software,
  metadataGuard,
  stateDisk,
  owner,
  homeDisk,
  nfsExports,
  hosts,
  mungeKey,
  accounts,
  database,
  slurmdbd,
  slurmConf,
  clusterRegistered,
  slurmctld,
  runawayJobs,
  slurmAccounts,
  departures,
  metrics,
  bundle,
];
