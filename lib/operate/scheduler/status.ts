import type { Manifest } from "../../model/manifest";
import { textBeside } from "../../package/text-beside";
import { Duration } from "../../units";
import type { Remote } from "../exec/remote/remote";
import { nodesOf } from "../hosts/nodes";
import { type NodeAnswer, parseAnswers } from "../node/answers";
import { programText } from "../node/bundle-files";
import { ASKED_REASON, UNIT_REASON } from "./drain";

/** A cluster as its master sees it. */
export interface ClusterStatus {
  /** As Slurm tells it, e.g. `24.11.5`; absent: it is not installed. */
  readonly slurmVersion?: string;
  readonly controller: ControllerStatus;
  /** The master's daemons by name, in systemd's words: `active`, `inactive`, `failed`… */
  readonly services: Readonly<Record<string, string>>;
  /** Of these daemons, those that run and do not answer. */
  readonly silent: readonly string[];
  /** Of the bundle that nodes should have; absent: the cluster was never configured. */
  readonly generation?: number;
  /** How old that generation is, in seconds. */
  readonly generationSeconds?: number;
  /** Every node of the cluster, also one that Slurm does not know or that does not answer. */
  readonly nodes: readonly NodeStatus[];
  readonly partitions: readonly PartitionStatus[];
  /** Number of jobs by state, e.g. `RUNNING`. */
  readonly jobs: Readonly<Record<string, number>>;
  readonly disks: readonly DiskStatus[];
  /** Lines of the master's answer that are not what they should be, and were left out. */
  readonly unreadable: number;
}

export interface ControllerStatus {
  readonly answers: boolean;
  /** What `scontrol ping` said. */
  readonly message: string;
}

export interface NodeStatus {
  readonly host: string;
  readonly pool: string;
  readonly address: string;
  /** Absent: Slurm does not know the node, or is not there to be asked. */
  readonly slurm?: SlurmNodeStatus;
  /** The node unit's own words. */
  readonly unit: NodeAnswer;
}

export interface SlurmNodeStatus {
  /** Without the mark for nodes that do not respond: `idle`, `mixed`, `down`, `drained`… */
  readonly state: string;
  readonly responds: boolean;
  /** Why it is down or drained, who said so, and when. */
  readonly reason?: string;
  readonly by?: string;
  readonly at?: string;
  /** Whether somebody has drained it or set it down on purpose, `ohpc stop` included: not Slurm, and none of our checks. */
  readonly onPurpose: boolean;
}

export interface PartitionStatus {
  readonly name: string;
  readonly default: boolean;
  readonly up: boolean;
  readonly timeLimit: string;
  readonly allocated: number;
  readonly idle: number;
  readonly other: number;
  readonly total: number;
}

export interface DiskStatus {
  /** Where it is mounted. */
  readonly path: string;
  /** Whether it could be looked at within five seconds; if not, all numbers are 0. */
  readonly answers: boolean;
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly availableBytes: number;
  /** 0: the file system does not count them. */
  readonly inodes: number;
  readonly inodesUsed: number;
}

/**
 * How the cluster is: Slurm's view of every node, and every node unit's own, asked at the same time from the master, in
 * one round trip. A node that does not answer within three seconds is unreachable.
 *
 * @throws RemoteError when the master does not answer
 */
export async function clusterStatus(manifest: Manifest, master: Remote): Promise<ClusterStatus> {
  const paths = [manifest.disks.state.path, manifest.disks.home?.path ?? "/home", "/", "/var", "/tmp"];
  const input = nodesOf(manifest)
    .map(({ address, host }) => `${address} ${host}\n`)
    .join("");
  const printed = await master.run(textBeside(__dirname, "node-rows.sh") + textBeside(__dirname, "status.sh"), {
    args: [programText("ask.py"), ...paths],
    input,
    timeout: Duration.seconds(60),
  });
  return parseStatus(manifest, printed);
}

/** What status.sh printed, put together with the nodes that there should be. Pure. */
export function parseStatus(manifest: Manifest, printed: string): ClusterStatus {
  const sections = new Map(
    printed.split("\f").map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end), section.slice(end + 1)] as const;
    }),
  );
  const text = (name: string) => (sections.get(name) ?? "").trim();
  let unreadable = 0;
  const rows = (name: string, row: RegExp) =>
    text(name)
      .split("\n")
      .filter((line) => line.trim() !== "")
      .flatMap((line) => {
        const fields = row.exec(line.trim().replaceAll("\x1f", "|"))?.slice(1);
        if (fields === undefined) unreadable++;
        return fields === undefined ? [] : [fields];
      });
  const version = /^\S* ?([0-9]+(?:\.[0-9]+)+)/.exec(text("version"))?.[1];
  const slurm = new Map(rows("nodes", ROW.node).map(([host = "", ...fields]) => [host, slurmNode(fields)]));
  const hosts = new Set(nodesOf(manifest).map(({ host }) => host));
  const answers = parseAnswers(text("units"), hosts);
  const [generation, seconds] = rows("generation", ROW.generation)[0] ?? [];
  const controller = text("controller");
  const found = rows("services", ROW.service);
  const services = Object.fromEntries(found.map(([unit = "", state = ""]) => [unit, state]));
  const silent = found.flatMap(([unit = "", state, answer]) =>
    state === "active" && answer === "silent" ? [unit] : [],
  );
  const partitions = rows("partitions", ROW.partition).map(partition);
  const jobs = Object.fromEntries(rows("jobs", ROW.jobs).map(([count, state = ""]) => [state, Number(count)]));
  const disks = rows("disks", ROW.disk).map(disk);
  return {
    slurmVersion: version,
    controller: { answers: controller.includes("is UP"), message: controller.slice(0, LONGEST_MESSAGE) },
    services,
    silent,
    ...(generation === undefined ? {} : { generation: Number(generation) }),
    ...(seconds === undefined ? {} : { generationSeconds: Number(seconds) }),
    nodes: nodesOf(manifest).map((node) => {
      const state = slurm.get(node.host);
      const unit = answers.get(node.host) ?? { unreachable: "the master could not ask it" };
      return { ...node, slurm: state, unit };
    }),
    partitions,
    jobs,
    disks,
    unreadable,
  };
}

const LONGEST_MESSAGE = 1000;

/** The lines of status.sh's sections; only what stands last in one may be free text. */
const ROW = {
  node: /^([\w.-]{1,64})\|([a-z_+]{1,64}[^\sa-z_+|]{0,4})\|([^|\s]{0,64})\|([\dT:-]{1,32}|Unknown)\|(.*)$/i,
  partition: /^([\w.-]{1,64}\*?)\|(\w{1,16})\|([\w:/-]{1,32})\|(\d{1,9}\/\d{1,9}\/\d{1,9}\/\d{1,9})$/,
  service: /^([\w@.-]{1,64})\|([a-z-]{0,32})\|(answers|silent)$/,
  jobs: /^(\d{1,9}) ([A-Z_]{1,32})$/,
  // Of inodes a file system may tell `-`.
  disk: /^(\/.{0,4096}?) +(?:(\d{1,18}) +(\d{1,18}) +(\d{1,18}) +(-|\d{1,18}) +(-|\d{1,18})|silent)$/,
  generation: /^(\d{1,9}) (-?\d{1,12})$/,
} as const;

/** A node as sinfo tells it by `%N|%T|%u|%H|%E`; none for a row that does not fit. Pure. */
export function readNodeRow(row: string): readonly [host: string, node: SlurmNodeStatus] | undefined {
  const [host, ...fields] = ROW.node.exec(row)?.slice(1) ?? [];
  return host === undefined ? undefined : [host, slurmNode(fields)];
}

function disk([path = "", ...fields]: readonly (string | undefined)[]): DiskStatus {
  const [sizeBytes = 0, usedBytes = 0, availableBytes = 0, inodes = 0, inodesUsed = 0] = fields.map(
    (field) => Number(field) || 0,
  );
  return { path, answers: fields[0] !== undefined, sizeBytes, usedBytes, availableBytes, inodes, inodesUsed };
}

function slurmNode([state = "", by = "", at = "", reason = "none"]: readonly string[]): SlurmNodeStatus {
  // A mark behind the state tells more: `*` does not respond, `~` powered down, `$` in maintenance…
  const [, word = state, mark = ""] = /^([a-z_+]+)(.*)$/i.exec(state) ?? [];
  const explained = reason !== "none" && reason !== "";
  // Slurm adds that to what somebody said of a node that is silent; the mark tells it, too, and only for as long as it is so.
  const given = reason.replace(/ : Not responding$/, "");
  const onPurpose =
    /^(drain|down)/.test(word) &&
    explained &&
    (by !== "slurm" || given !== reason) &&
    ![UNIT_REASON, ASKED_REASON].some((beginning) => reason.startsWith(beginning));
  return { state: word, responds: !mark.includes("*"), ...(explained && { reason: given, by, at }), onPurpose };
}

function partition([name = "", available = "", timeLimit = "", counts = ""]: readonly string[]): PartitionStatus {
  const [allocated = 0, idle = 0, other = 0, total = 0] = counts.split("/").map(Number);
  const isDefault = name.endsWith("*");
  return {
    name: isDefault ? name.slice(0, -1) : name,
    default: isDefault,
    up: available === "up",
    timeLimit,
    allocated,
    idle,
    other,
    total,
  };
}
