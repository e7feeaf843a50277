import type { ClusterSpec } from "../../model/cluster-spec";
import type { Manifest } from "../../model/manifest";
import { OWN_SRUN_PORTS } from "../../model/ports";
import { textBeside } from "../../package/text-beside";
import { expandHosts, foldHosts } from "../../slurm/hostlist";
import { Duration } from "../../units";
import type { Remote } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import type { Report } from "../feedback/progress";
import { nodesOf } from "../hosts/nodes";
import { STOP_REASON } from "./drain";
import { coveringPartitions } from "./placement";
import { slurmctldSilent } from "./silence";

/** What waiting for the nodes came to. */
export interface Readiness {
  readonly nodes: number;
  /** Nodes that ran a task of the one `srun` over all (per partition, where no partition has all). */
  readonly answered: number;
  /** Nodes that were not asked because jobs run on them. */
  readonly busy: number;
  /** Nodes that an administrator, or `ohpc stop`, has drained: nobody waits for them. */
  readonly drained: readonly { readonly node: string; readonly reason: string }[];
}

/**
 * Waits until every node takes jobs, has the configuration that the others have by its own word, and has run a task. Nodes in `waking` that `ohpc stop` has drained are undrained as
 * soon as they are there again; others that are drained, by it or by an administrator, are left so.
 *
 * @throws Failure naming the nodes that did not come, with their reasons
 */
export async function nodesReady(
  master: Remote,
  { spec, manifest }: { readonly spec: ClusterSpec; readonly manifest: Manifest },
  limit: Duration,
  report: Report,
  waking: readonly string[] = nodesOf(manifest).map(({ host }) => host),
): Promise<Readiness> {
  const hosts = new Map(manifest.pools.map((pool) => [pool.name, expandHosts(pool.hosts)]));
  const total = [...hosts.values()].reduce((sum, pool) => sum + pool.length, 0);
  if (total === 0) return { nodes: 0, answered: 0, busy: 0, drained: [] };
  const groups = coveringPartitions(spec).flatMap(({ partition, pools }) => {
    const members = pools.flatMap((pool) => hosts.get(pool) ?? []);
    return members.length === 0 ? [] : [partition.name, foldHosts(members)];
  });
  const printed = await master.run(readyScript(), {
    args: [
      ...[String(Math.ceil(limit.toSeconds())), String(total), STOP_REASON],
      ...[`${OWN_SRUN_PORTS.from}-${OWN_SRUN_PORTS.to}`, ...groups],
    ],
    input: waking.map((host) => `${host}\n`).join(""),
    timeout: Duration.seconds(limit.toSeconds() + 90),
    onLine: (line) => {
      tell(line, total, report);
    },
  });
  const reading = readReady(printed);
  if (reading.mute) throw slurmctldSilent(master.host);
  const missing = reading.waiting.map(
    ({ node, state, reason }) =>
      `${node} is ${state}${reason === "" ? "" : `: ${reason}`}${unitOf(node, reading.units)}`,
  );
  if (reading.hopeless) {
    throw new Failure(
      "failed",
      `${reading.ready} of ${total} nodes are ready; what the others lack does not come by itself`,
      {
        code: "nodes.hopeless",
        remedy:
          "what is promised and not there most often lacks its driver: give the pool an image that has it, and have its machines made anew (ohpc up); nodes that are ready take jobs meanwhile",
        output: missing,
      },
    );
  }
  if (reading.stuck) {
    const nodes = reading.waiting.map(({ node }) => node);
    throw new Failure(
      "failed",
      `Slurm itself has drained ${foldHosts(nodes)}, and does not give back what it drained`,
      {
        code: "nodes.drained",
        remedy: `mend what the reason names; then give them back (ohpc undrain STACK ${foldHosts(nodes)}) and run it again`,
        output: missing,
      },
    );
  }
  if (reading.overdue) {
    throw new Failure("failed", `${reading.ready} of ${total} nodes are ready after ${limit.toSeconds()} s`, {
      code: "nodes.late",
      remedy: "`ohpc status` shows how far each node came; when it is mended, run `ohpc up` again",
      output: missing.length === 0 ? ["slurmctld does not know any node"] : missing,
    });
  }
  if (reading.spoilt.length > 0) {
    const nodes = foldHosts(reading.spoilt.map(({ node }) => node));
    throw new Failure("failed", `${nodes} did not answer the srun over all: Slurm has drained what it was to run on`, {
      code: "nodes.spoilt",
      remedy: `the end of /var/log/slurm/slurmd.log on the node tells more (a prolog or epilog that cannot be run is named there); when it is mended, run it again: it gives back what its own srun made Slurm drain`,
      output: reading.spoilt.map(({ node, reason }) => `${node}: ${reason}`),
    });
  }
  if (reading.silent.length > 0) {
    throw new Failure("failed", "not every node answered the one srun over all", {
      code: "nodes.silent",
      remedy: "`ohpc status` shows how each node is",
      output: reading.silent,
    });
  }
  const accounted = reading.answered + reading.busy + reading.drained.length;
  if (accounted < total) {
    throw new Failure("failed", `${accounted} of ${total} nodes answered, run jobs or were drained on purpose`, {
      code: "nodes.silent",
      remedy: "`ohpc status` shows how each node is; run it again",
    });
  }
  return { nodes: total, answered: reading.answered, busy: reading.busy, drained: reading.drained };
}

interface ReadyReading {
  readonly ready: number;
  readonly overdue: boolean;
  /** What is left has been drained by Slurm itself. */
  readonly stuck: boolean;
  /** slurmctld runs and does not answer. */
  readonly mute: boolean;
  /** All that is missing waits for what does not come by itself. */
  readonly hopeless: boolean;
  readonly waiting: readonly { readonly node: string; readonly state: string; readonly reason: string }[];
  readonly drained: Readiness["drained"];
  /** What node units last said, by node. */
  readonly units: ReadonlyMap<string, string>;
  readonly answered: number;
  readonly busy: number;
  readonly silent: readonly string[];
  /** Nodes that Slurm drained because of the srun that asked them. */
  readonly spoilt: Readiness["drained"];
}

/** What ready.sh printed; of the lines about nodes the last picture counts. */
export function readReady(printed: string): ReadyReading {
  const lines = printed.split("\n").filter((line) => line !== "");
  const picture = lines.slice(
    Math.max(
      0,
      lines.findLastIndex((line) => line.startsWith("nodes ")),
    ),
  );
  const of = (what: string, from: readonly string[]) =>
    from.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1).split(" "));
  const sum = (what: string) => of(what, lines).reduce((total, [count = ""]) => total + counted(count), 0);
  return {
    ready: counted(of("nodes", picture)[0]?.[0] ?? ""),
    overdue: lines.includes("overdue"),
    stuck: lines.includes("stuck"),
    mute: lines.includes("mute"),
    hopeless: lines.includes("hopeless"),
    waiting: of("waiting", picture).map(([node = "", state = "", ...reason]) => ({
      node,
      state,
      reason: unexplained(reason),
    })),
    drained: [
      // Told of the whole, and again of each group that was asked.
      ...new Map(of("drained", picture).map(([node = "", ...reason]) => [node, unexplained(reason)])),
    ].map(([node, reason]) => ({ node, reason })),
    units: new Map(of("unit", lines).map(([node = "", stage = "", ...message]) => [node, unitText(stage, message)])),
    answered: sum("answered"),
    busy: sum("busy"),
    silent: of("silent", lines).map((words) => words.join(" ")),
    spoilt: of("spoilt", lines).map(([node = "", ...reason]) => ({ node, reason: unexplained(reason) })),
  };
}

function counted(word: string): number {
  return /^\d{1,7}$/.test(word) ? Number(word) : 0;
}

function tell(line: string, total: number, report: Report): void {
  const [what, ...words] = line.split(" ");
  if (what === "nodes") report.title(`Nodes ready: ${words[0] ?? "0"} of ${total}`);
  if (what === "unit") {
    const [node = "", stage = "", ...message] = words;
    report.detail(`${node}: ${unitText(stage, message)}`);
  }
  if (what === "asking") {
    const [partition = "", ...said] = words;
    report.detail(`srun in ${partition}: ${said.join(" ") || "not every node answered"}`);
  }
  if (what === "waiting") {
    const [node = "", state = "", ...reason] = words;
    const why = unexplained(reason);
    report.detail(`${node} ${state}${why === "" ? "" : ` (${why})`}`);
  }
}

function unitOf(node: string, units: ReadonlyMap<string, string>): string {
  const said = units.get(node);
  return said === undefined ? "" : `; its node unit: ${said}`;
}

function unitText(stage: string, message: readonly string[]): string {
  return `${stage}: ${message.join(" ")}`;
}

/** Slurm writes `none` where nobody gave a reason. */
function unexplained(words: readonly string[]): string {
  const reason = words.join(" ");
  return reason === "none" ? "" : reason;
}

function readyScript(): string {
  return textBeside(__dirname, "node-rows.sh") + textBeside(__dirname, "ready.sh");
}
