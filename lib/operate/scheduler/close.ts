import { textBeside } from "../../package/text-beside";
import { type Remote, RemoteError } from "../exec/remote/remote";
import { holdBack, operator, undrain } from "./drain";

/** Partitions and nodes that are about to go. */
export interface Scope {
  readonly partitions: readonly string[];
  readonly nodes: readonly string[];
}

/**
 * Keeps new jobs out of a scope: nothing can be submitted to its partitions, nothing starts on its nodes. What runs there
 * or waits is left as it is.
 *
 * @returns what opens it again, for those parts that were open before; it never fails
 */
export async function closeScope(master: Remote, { partitions, nodes }: Scope): Promise<() => Promise<void>> {
  const closed = partitions.length === 0 ? "" : await runCloseScript(master, "close", partitions);
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
    const drained = await holdBack(master, nodes, `to take nodes out of slurm.conf, by ${operator()}`);
    return async () => open(drained);
  } catch (error) {
    await open([]);
    throw error;
  }
}

async function runCloseScript(master: Remote, action: "close" | "open", what: readonly string[]): Promise<string> {
  return master.run(textBeside(__dirname, "close.sh"), { args: [action, ...what] });
}
