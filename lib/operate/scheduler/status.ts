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
  const printed = await master.run(textBeside(__dirname, "status.sh"), {
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
  const rows = (name: string) =>
    text(name)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\x1f"));
  const version = /([0-9]+(?:\.[0-9]+)+)/.exec(text("version"))?.[1];
  const slurm = new Map(rows("nodes").map(([host = "", ...fields]) => [host, slurmNode(fields)]));
  const answers = parseAnswers(text("units"));
  return {
    slurmVersion: version,
    controller: { answers: text("controller").includes("is UP"), message: text("controller") },
    services: Object.fromEntries(rows("services").map(([unit = "", state = ""]) => [unit, state])),
    silent: rows("services").flatMap(([unit = "", state, answer]) =>
      state === "active" && answer === "silent" ? [unit] : [],
    ),
    ...generationOf(text("generation")),
    nodes: nodesOf(manifest).map((node) => {
      const state = slurm.get(node.host);
      const unit = answers.get(node.host) ?? { unreachable: "the master could not ask it" };
      return { ...node, slurm: state, unit };
    }),
    partitions: rows("partitions").map(partition),
    jobs: Object.fromEntries(words("jobs", text).map(([count = "0", state = ""]) => [state, Number(count)])),
    disks: words("disks", text).map(disk),
  };
}

function generationOf(text: string): Pick<ClusterStatus, "generation" | "generationSeconds"> {
  if (text === "") return {};
  const [generation, seconds] = text.split(" ").map(Number);
  return { generation: generation ?? 0, ...(seconds === undefined ? {} : { generationSeconds: seconds }) };
}

function disk([path = "", ...fields]: readonly string[]): DiskStatus {
  // Of inodes a file system may tell `-`.
  const [sizeBytes = 0, usedBytes = 0, availableBytes = 0, inodes = 0, inodesUsed = 0] = fields.map(
    (field) => Number(field) || 0,
  );
  return { path, answers: fields[0] !== "silent", sizeBytes, usedBytes, availableBytes, inodes, inodesUsed };
}

function slurmNode([state = "", reason = "none", by = "", at = ""]: readonly string[]): SlurmNodeStatus {
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

function words(name: string, text: (name: string) => string): readonly (readonly string[])[] {
  return text(name)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/\s+/));
}
