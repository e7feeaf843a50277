import { readFileSync } from "node:fs";
import { join } from "node:path";
import { foldHosts } from "../slurm/hostlist";
import type { Remote } from "./remote/remote";

/** What Slurm's reason begins with for nodes whose machines `ohpc stop` has stopped: only those are resumed again. */
export const STOP_REASON = "ohpc stop";

/** Drains nodes that nobody has drained, and returns them: Slurm gives them no more jobs, and does not call them failed. */
export async function setAside(master: Remote, hosts: readonly string[], by: string): Promise<readonly string[]> {
  const printed = await aside(master, "drain", hosts, `${STOP_REASON} by ${by}`);
  return printed.trim().split(",").filter(Boolean);
}

/** Ends the jobs on nodes that were set aside. */
export async function endJobs(master: Remote, hosts: readonly string[]): Promise<void> {
  await aside(master, "end", hosts, STOP_REASON);
}

/** Lets Slurm use nodes again that were set aside, and no others. */
export async function takeBack(master: Remote, hosts: readonly string[]): Promise<void> {
  await aside(master, "back", hosts, STOP_REASON);
}

async function aside(
  master: Remote,
  action: "drain" | "end" | "back",
  hosts: readonly string[],
  reason: string,
): Promise<string> {
  if (hosts.length === 0) return "";
  const text = readFileSync(join(__dirname, "aside.sh"), "utf8");
  return master.run(text, { args: [action, foldHosts(hosts), reason] });
}
