import { type Problem, didYouMean } from "../model/problems";
import type { ConfSettings, ConfValue } from "./conf-line";
import { SLURM_CONF_KEYS } from "./slurm-conf-keys";

/** Settings that the cluster stands on, and why nobody else may set them. */
const OWNED: Readonly<Record<string, string>> = {
  ClusterName: "it is clusterName",
  SlurmctldHost: "it is the master",
  ControlMachine: "the controller is the master",
  ControlAddr: "the controller is the master",
  BackupController: "the controller is the master, and its state disk outlives it",
  BackupAddr: "the controller is the master, and its state disk outlives it",
  SlurmctldAddr: "it is the master's address",
  SlurmUser: "files and database belong to that user",
  SlurmdUser: "slurmd starts jobs of all users",
  AuthType: "every machine of the cluster has the munge key",
  CredType: "every machine of the cluster has the munge key",
  CryptoType: "every machine of the cluster has the munge key",
  HashPlugin: "slurmdbd has to have the same, and nobody is understood meanwhile",
  SlurmctldPort: "firewalls are made from the port matrix",
  SlurmdPort: "firewalls are made from the port matrix",
  SrunPortRange: "firewalls are made from the port matrix",
  StateSaveLocation: "it is on the state disk, which outlives the master",
  SlurmdSpoolDir: "the node image has it",
  SlurmctldPidFile: "systemd's unit has it",
  SlurmdPidFile: "systemd's unit has it",
  PluginDir: "the node image has it",
  SelectType: "GPUs and memory are only counted by select/cons_tres",
  ProctrackType: "it depends on what the cloud's kernel can do",
  TaskPlugin: "it depends on what the cloud's kernel can do",
  JobAcctGatherType: "it depends on what the cloud's kernel can do",
  TopologyPlugin: "it follows from the sites",
  AccountingStorageType: "accounting is part of every cluster",
  AccountingStorageHost: "the database is on the master",
  AccountingStoragePort: "firewalls are made from the port matrix",
  AccountingStorageUser: "accounting is part of every cluster",
  AccountingStoragePass: "a password would be in every node's slurm.conf",
  AccountingStorageBackupHost: "the database is on the master",
  PrivateData: "it is slurm.privateData, which slurmdbd is told, too",
  NodeName: "machines come from pools",
  NodeSet: "machines come from pools",
  DownNodes: "it is a state, not a setting: use scontrol update",
  FrontendName: "machines come from pools",
  PartitionName: "partitions come from pools",
};

/** Lists that the library begins and the user may add to. */
const SHARED = ["SlurmctldParameters", "SlurmdParameters", "GresTypes", "AccountingStorageTRES"];

type UserSettings = Readonly<Record<string, string>>;

const owned = new Map(Object.entries(OWNED).map(([key, reason]) => [key.toLowerCase(), reason]));
const known = new Map(SLURM_CONF_KEYS.map((key) => [key.toLowerCase(), key]));
const shared = new Set(SHARED.map((key) => key.toLowerCase()));

/** What is wrong with `settings` for slurm.conf: keys that ohpc must set itself, that Slurm does not know, and values that cannot be written. */
export function settingsProblems(settings: UserSettings, at = "slurm.settings"): readonly Problem[] {
  const seen = new Map<string, string>();
  return Object.entries(settings).flatMap(([key, value]) => {
    const place = `${at}.${key}`;
    const twin = seen.get(key.toLowerCase());
    seen.set(key.toLowerCase(), key);
    if (twin !== undefined) return [{ at: place, got: value, want: `left out: ${twin} is the same key` }];
    const reason = owned.get(key.toLowerCase());
    if (reason !== undefined) return [{ at: place, got: value, want: "left out", hint: reason }];
    if (!known.has(key.toLowerCase())) return [unknownKey(key, at)];
    if (!/^[^\r\n"#\\]*[^\s"#\\][^\r\n"#\\]*$/.test(value)) {
      return [{ at: place, got: value, want: 'text on one line that is not empty and has no ", # or \\ in it' }];
    }
    return [];
  });
}

/** The library's settings as the user's leave them: lists that both may set get both, other keys that the user sets are left out. */
export function libraryPart(library: ConfSettings, user: UserSettings): ConfSettings {
  const values = new Map(Object.entries(user).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.fromEntries(
    Object.entries(library).flatMap(([key, value]): [string, ConfValue][] => {
      const added = values.get(key.toLowerCase());
      if (added === undefined) return [[key, value]];
      return shared.has(key.toLowerCase()) ? [[key, [...asList(value), added]]] : [];
    }),
  );
}

/** The user's settings without those that went into the library's lists, in the order of their keys. */
export function userPart(user: UserSettings): ConfSettings {
  const rest = Object.entries(user).filter(([key]) => !shared.has(key.toLowerCase()));
  return Object.fromEntries(rest.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function asList(value: ConfValue): readonly string[] {
  if (typeof value === "object") return value;
  return value === undefined ? [] : [String(value)];
}

function unknownKey(key: string, at: string): Problem {
  const hint = didYouMean(key, SLURM_CONF_KEYS);
  return { at, got: key, want: "a key of slurm.conf", hint };
}
