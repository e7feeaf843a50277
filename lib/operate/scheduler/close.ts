import { textBeside } from "../../package/text-beside";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { holdBack, operator, undrain } from "./drain";

/** Partitions and nodes that are about to go, or to be free of jobs. */
export interface Scope {
  readonly partitions: readonly string[];
  readonly nodes: readonly string[];
  /** Whether jobs that wait in the partitions may still run. @default false */
  readonly runsOut?: boolean;
}

/** What closing a scope came to. */
export interface ClosedScope {
  /** Nodes that were open before. */
  readonly drained: readonly string[];
  /** Opens again what was open before; it never fails. */
  open(): Promise<void>;
}

/**
 * Keeps new jobs out of a scope: nothing can be submitted to its partitions, nothing starts on its nodes. What runs there
 * or waits is left as it is.
 *
 * @param why - what nodes are drained for, as their reason says it
 */
export async function closeScope(
  master: Remote,
  { partitions, nodes, runsOut = false }: Scope,
  why = "to take nodes out of slurm.conf",
): Promise<ClosedScope> {
  const closed = partitions.length === 0 ? "" : await runCloseScript(master, runsOut ? "run-out" : "close", partitions);
  const open = async (drained: readonly string[]) => {
    try {
      const states = closed.split("\n").filter((line) => /^[\w.-]+=(UP|DOWN)$/.test(line));
      if (states.length > 0) await runCloseScript(master, "open", states);
      await undrain(master, drained);
    } catch (error) {
      // Where they are gone already, there is nothing to open; what cannot be told any more must not hide why.
      if (!(error instanceof RemoteError)) throw error;
    }
  };
  try {
    const drained = await holdBack(master, nodes, `${why}, by ${operator()}`);
    return { drained, open: async () => open(drained) };
  } catch (error) {
    await open([]);
    throw error;
  }
}

async function runCloseScript(
  master: Remote,
  action: "close" | "run-out" | "open",
  what: readonly string[],
): Promise<string> {
  return master.run(textBeside(__dirname, "close.sh"), { args: [action, ...what] });
}
