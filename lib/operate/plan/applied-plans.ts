import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MasterAccess } from "../access/master-access";
import { type Remote, RemoteError } from "../exec/remote/remote";

/** Ids of plan files that were carried out: on the disk that outlives the master, and beside the operator's keys. */
const FILE = "applied-plans";
const ON_MASTER = `/srv/ohpc/state/${FILE}`;

/** Whether a plan was carried out already, from here or from elsewhere. */
export async function wasApplied(
  id: string,
  { privateDirectory }: Pick<MasterAccess, "privateDirectory">,
  master: Remote | undefined,
): Promise<boolean> {
  const here = join(privateDirectory, FILE);
  if (existsSync(here) && readFileSync(here, "utf8").split("\n").includes(id)) return true;
  if (master === undefined) return false;
  try {
    return ((await master.read(ON_MASTER)) ?? "").split("\n").includes(id);
  } catch (error) {
    // Whoever cannot be asked says nothing of it: the state tells.
    if (error instanceof RemoteError) return false;
    throw error;
  }
}

export async function rememberApplied(
  id: string,
  { privateDirectory }: Pick<MasterAccess, "privateDirectory">,
  master: Remote,
): Promise<void> {
  mkdirSync(privateDirectory, { recursive: true, mode: 0o700 });
  appendFileSync(join(privateDirectory, FILE), `${id}\n`, { mode: 0o600 });
  const before = ((await master.read(ON_MASTER)) ?? "").split("\n").filter((line) => /^[0-9a-f]{64}$/.test(line));
  await master.write(ON_MASTER, [...before.slice(-LAST + 1), id].map((line) => `${line}\n`).join(""), "0600");
}

/** So many are kept. */
const LAST = 1000;
