import type { Manifest } from "../../model/manifest";
import { textBeside } from "../../package/text-beside";
import { foldHosts } from "../../slurm/hostlist";
import { Duration } from "../../units";
import type { Remote } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import type { Report } from "../feedback/progress";
import { nodesOf } from "../hosts/nodes";

/** Which nodes have the accounts that the master has for them. */
export interface Taken {
  readonly nodes: number;
  readonly taken: number;
  /** Nodes that are off, or get no jobs: they have the accounts before they get any. */
  readonly off: readonly { readonly node: string; readonly why: string }[];
}

/**
 * Waits until all nodes that are on have the newest accounts, by their own word.
 *
 * @throws Failure naming the nodes that do not come to it
 */
export async function accountsTaken(
  manifest: Manifest,
  master: Remote,
  limit: Duration,
  report: Pick<Report, "title" | "detail">,
): Promise<Taken> {
  const hosts = new Set(nodesOf(manifest).map(({ host }) => host));
  if (hosts.size === 0) return { nodes: 0, taken: 0, off: [] };
  const script = textBeside(__dirname, "node-rows.sh") + textBeside(__dirname, "taken.sh");
  const printed = await master.run(script, {
    args: [String(Math.ceil(limit.toSeconds()))],
    timeout: Duration.seconds(limit.toSeconds() + 60),
    onLine: (line) => {
      const [what, first = "", ...rest] = line.split(" ");
      if (what === "taken") report.title(`Nodes have the accounts: ${first} of ${rest.join(" ")}`);
      if (what === "late") report.detail(`${first}: ${rest.join(" ")}`);
    },
  });
  const { overdue, late, ...reading } = readTaken(printed, hosts);
  if (!overdue) return reading;
  throw new Failure(
    "failed",
    `${foldHosts(late.map(({ node }) => node))} did not take the accounts within ${limit.toSeconds()} s`,
    {
      code: "users.nodes-late",
      cause: "all others have them, and the master; a node takes them as soon as its node unit comes to them",
      remedy: "`ohpc status` shows what the node waits for; when it is mended, the node takes them by itself",
      output: late.map(({ node, why }) => `${node}: ${why}`),
    },
  );
}

/** What taken.sh printed: the last picture counts. Pure. */
export function readTaken(
  printed: string,
  hosts: ReadonlySet<string>,
): Taken & { readonly overdue: boolean; readonly late: Taken["off"] } {
  const lines = printed.split("\n");
  const picture = lines.slice(
    Math.max(
      0,
      lines.findLastIndex((line) => line.startsWith("taken ")),
    ),
  );
  const of = (what: string) =>
    picture.flatMap((line) => {
      const [kind, node = "", ...why] = line.split(" ");
      return kind === what && hosts.has(node) ? [{ node, why: why.join(" ") }] : [];
    });
  const [, taken = "0"] = /^taken (\d{1,7}) \d{1,7}$/.exec(picture[0] ?? "") ?? [];
  return {
    nodes: hosts.size,
    taken: Number(taken),
    off: of("off"),
    overdue: lines.includes("overdue"),
    late: of("late"),
  };
}
