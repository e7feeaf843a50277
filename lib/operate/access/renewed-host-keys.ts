import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { RemoteError } from "../exec/remote/remote";
import type { Progress } from "../feedback/progress";
import { nodesOf } from "../hosts/nodes";
import type { HostKeySource } from "./host-key-source";
import { seenBy } from "./host-keys";
import { haveOneInCommon, keysOf, withKeys, withoutHosts } from "./known-hosts";
import { masterOf } from "./master";
import type { MasterAccess } from "./master-access";

/**
 * What a committed file would hold if it were up to date; the file itself stays as it is. Machines that it lacks get the
 * keys that they show: the master on its console, nodes to the master. Other keys than the committed ones are taken from
 * a machine's console only; a node that merely shows others is told.
 */
export async function renewedHostKeys(
  access: MasterAccess,
  committed: string,
  source: HostKeySource | undefined,
  progress: Progress,
): Promise<string> {
  const { manifest } = access;
  const { host: head } = manifest.master;
  const name = basename(committed);
  let text = readFileSync(committed, "utf8");
  const renew = (host: string, keys: readonly string[]) => {
    text = withKeys(withoutHosts(text, manifest, [host]), manifest, host, keys);
  };
  const onConsole = async (host: string) => (await source?.hostKeys(host).catch(() => [])) ?? [];

  const shown = await onConsole(head);
  if (shown.length > 0 && !haveOneInCommon(shown, keysOf(text, manifest, head))) renew(head, shown);
  const nodes = nodesOf(manifest);
  let seen: Awaited<ReturnType<typeof seenBy>>;
  try {
    seen = await withFile(text, async (knownHosts) => seenBy(masterOf({ ...access, knownHosts }), nodes));
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    progress.note("nodes that are not known yet are left out: the master cannot be asked");
    if (error.failure === "refused") {
      progress.note(`${head} is refused: if its machine was made anew, remove ${name} and run this again`);
    }
    return text;
  }
  for (const { host } of nodes) {
    const keys = seen.get(host) ?? [];
    const known = keysOf(text, manifest, host);
    if (keys.length === 0 || haveOneInCommon(keys, known)) continue;
    if (known.length === 0 || haveOneInCommon(keys, await onConsole(host))) renew(host, keys);
    else {
      const remedy = `take its line out (ssh-keygen -R ${host} -f ${name}) and run this again`;
      progress.note(`${host} shows another host key than ${name} has: if its machine was made anew, ${remedy}`);
    }
  }
  return text;
}

async function withFile<T>(text: string, work: (file: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "ohpc-known-hosts-"));
  try {
    const file = join(directory, "known_hosts");
    writeFileSync(file, text);
    return await work(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
