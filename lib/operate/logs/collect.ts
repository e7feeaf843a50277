import { textBeside } from "../../package/text-beside";
import { Duration, Size } from "../../units";
import type { Remote } from "../exec/remote/remote";

/** What one machine tells of itself. */
export interface Collected {
  /** Text by name: `slurmctld.log`. */
  readonly files: ReadonlyMap<string, string>;
  /** Names of recent jobs, as users gave them: to be taken out, never to be shown. */
  readonly jobNames: readonly string[];
}

/** Of each log; a daemon that is in trouble says the same thing again and again. */
const BYTES_PER_FILE = 2_000_000;
/** A machine that tells more is not telling what was asked. */
const MOST_FILES = 60;

/**
 * Asks a machine for its logs and settings, and how it is.
 *
 * @throws RemoteError
 */
export async function collectFrom(remote: Remote): Promise<Collected> {
  const printed = await remote.run(textBeside(__dirname, "collect.sh"), {
    args: [String(BYTES_PER_FILE)],
    timeout: Duration.minutes(3),
    // As text of base64.
    longest: Size.mebibytes(Math.ceil((MOST_FILES * BYTES_PER_FILE * 1.4) / 1024 ** 2)),
  });
  return readCollected(printed);
}

/** What collect.sh printed; whatever else a machine says is no file of it. Pure. */
export function readCollected(printed: string): Collected {
  const files = new Map<string, string>();
  let jobNames: readonly string[] = [];
  for (const line of printed.split("\n")) {
    const [, name = "", encoded = ""] = /^([a-z][a-z0-9.-]{0,60}) ([A-Za-z0-9+/]*={0,2})$/.exec(line) ?? [];
    if (name === "") continue;
    const text = Buffer.from(encoded, "base64").subarray(-BYTES_PER_FILE).toString("utf8");
    if (name === "names") jobNames = text.split("\n").filter((word) => word !== "");
    else if (files.size < MOST_FILES && text !== "") files.set(name, text);
  }
  return { files, jobNames };
}
