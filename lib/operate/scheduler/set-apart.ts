import { textBeside } from "../../package/text-beside";
import { foldHosts } from "../../slurm/hostlist";
import type { Remote } from "../exec/remote/remote";
import { Failure } from "../feedback/failure";
import { printable } from "../feedback/printable";
import { ASKED_REASON, STOP_REASON, UNIT_REASON } from "./drain";
import { orSilence } from "./silence";
import { readNodeRow, type SlurmNodeStatus } from "./status";

/** Slurm's nodes by their names. */
export type SlurmNodes = ReadonlyMap<string, SlurmNodeStatus>;

/**
 * Who has set a node apart: somebody by hand or by `ohpc drain`; `ohpc stop`, which its machine goes with; its own unit, or
 * `ohpc up`, which give it back by themselves; Slurm, for what it has seen.
 */
export type SetApartBy = "person" | "stop" | "unit" | "up" | "slurm";

/** Who has set it apart, if anybody has. Pure. */
export function setApartBy({ state, reason = "", onPurpose }: SlurmNodeStatus): SetApartBy | undefined {
  if (!/^(drain|down|fail)/.test(state)) return undefined;
  if (reason.startsWith(STOP_REASON)) return "stop";
  if (reason.startsWith(UNIT_REASON)) return "unit";
  if (reason.startsWith(ASKED_REASON)) return "up";
  return onPurpose ? "person" : "slurm";
}

/** In characters; what stands behind it tells who. */
const LONGEST_REASON = 200;

/**
 * What Slurm is told why nodes are set apart: the text, and who says so.
 *
 * @throws Failure of kind `usage` for what is empty, too long, more than a line, or means that `ohpc` gives the node back
 */
export function reasonOf(text: string, who: string): string {
  const given = text.trim();
  const want = wrongWith(given);
  if (want === undefined) return `${given} (${who})`;
  throw new Failure("usage", `the reason must be ${want}`, {
    code: "drain.reason",
    cause: `it is ${JSON.stringify(printable(given, LONGEST_REASON))}`,
    remedy: '--reason "bad fan"',
  });
}

function wrongWith(given: string): string | undefined {
  if (given === "") return "a few words";
  if (Array.from(given).length > LONGEST_REASON) return `at most ${LONGEST_REASON} characters`;
  if (printable(given) !== given) return "one line of what can be printed";
  const ours = [STOP_REASON, UNIT_REASON, ASKED_REASON].map((beginning) => beginning.trim());
  const taken = ours.find((beginning) => given.startsWith(beginning));
  return taken === undefined ? undefined : `something that does not begin with "${taken}", as ohpc's own reasons do`;
}

/** What becomes of nodes that somebody wants to set apart. */
export interface DrainPlan {
  readonly drain: readonly string[];
  /** Of those, what was said before of nodes that were set apart already, and is not said any more. */
  readonly overruled: readonly Apart[];
  /** Left as they are: `ohpc stop` has drained them, or somebody for a reason of their own. */
  readonly kept: readonly Apart[];
}

/** A node that is set apart. */
export interface Apart {
  readonly host: string;
  readonly by: SetApartBy;
  readonly reason: string;
}

/**
 * Reasons of people and of `ohpc stop` are kept. Who would give a node back, or may, no longer does once a person has
 * drained it. Pure.
 *
 * @param force - whether the reasons of people are replaced, too
 */
export function planDrain(nodes: SlurmNodes, reason: string, force: boolean): DrainPlan {
  const apart = apartOf(nodes);
  const held = ({ host, by, reason: old }: Apart) =>
    by === "stop" || (by === "person" && /^drain/.test(nodes.get(host)?.state ?? "") && (!force || old === reason));
  const kept = apart.filter(held);
  const hosts = new Set(kept.map(({ host }) => host));
  return {
    drain: [...nodes.keys()].filter((host) => !hosts.has(host)),
    overruled: apart.filter((one) => !held(one)),
    kept,
  };
}

/** What becomes of nodes that somebody wants to give back. */
export interface UndrainPlan {
  /** As they were set apart. */
  readonly give: readonly Apart[];
  /** Their machines are stopped. */
  readonly stopped: readonly Apart[];
  /** Left as they are: a unit gives its node back itself, and what is silent cannot be given back. */
  readonly kept: readonly Apart[];
  /** Nobody has set these apart. */
  readonly free: readonly string[];
}

/** Pure. */
export function planUndrain(nodes: SlurmNodes): UndrainPlan {
  const apart = apartOf(nodes);
  const silent = (host: string) => {
    const node = nodes.get(host);
    return node !== undefined && /^down/.test(node.state) && !node.responds;
  };
  const kept = apart.filter(({ host, by }) => by === "unit" || (by !== "stop" && silent(host)));
  return {
    give: apart.filter((one) => one.by !== "stop" && !kept.includes(one)),
    stopped: apart.filter(({ by }) => by === "stop"),
    kept,
    free: [...nodes.keys()].filter((host) => !apart.some((one) => one.host === host)),
  };
}

function apartOf(nodes: SlurmNodes): readonly Apart[] {
  return [...nodes].flatMap(([host, node]) => {
    const by = setApartBy(node);
    return by === undefined ? [] : [{ host, by, reason: node.reason ?? "" }];
  });
}

/**
 * How nodes are, as Slurm has them.
 *
 * @throws Failure naming those that Slurm does not know; with the code `slurmctld.silent` where it does not answer
 */
export async function lookAtNodes(master: Remote, hosts: readonly string[]): Promise<SlurmNodes> {
  return runScript(master, hosts, "look");
}

/** Slurm gives these nodes no more jobs; those that run there go on. */
export async function setApart(master: Remote, hosts: readonly string[], reason: string): Promise<SlurmNodes> {
  return runScript(master, hosts, "drain", reason);
}

/** Slurm gives these nodes jobs again, whoever has drained them or set them down. */
export async function giveBack(master: Remote, hosts: readonly string[]): Promise<SlurmNodes> {
  return runScript(master, hosts, "resume");
}

async function runScript(
  master: Remote,
  hosts: readonly string[],
  action: "look" | "drain" | "resume",
  ...more: readonly string[]
): Promise<SlurmNodes> {
  if (hosts.length === 0) return new Map();
  const text = textBeside(__dirname, "node-rows.sh") + textBeside(__dirname, "set-apart.sh");
  const printed = await master.run(text, { args: [action, foldHosts(hosts), ...more] }).catch((error: unknown) => {
    throw orSilence(error, master.host);
  });
  const found = new Map<string, SlurmNodeStatus>();
  for (const line of printed.split("\n")) {
    const row = readNodeRow(line);
    if (row !== undefined && hosts.includes(row[0])) found.set(...row);
  }
  const missing = hosts.filter((host) => !found.has(host));
  if (missing.length > 0) {
    throw new Failure("failed", `Slurm on ${master.host} does not know ${foldHosts(missing)}`, {
      code: "nodes.unknown",
      remedy: "ohpc configure brings the nodes of the stack to Slurm",
    });
  }
  return found;
}
