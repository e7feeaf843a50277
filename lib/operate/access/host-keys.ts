import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Manifest } from "../../model/manifest";
import { Duration } from "../../units";
import { namesOf } from "./known-hosts";
import { masterOf, type Way } from "./master";
import { type NodeAddress, nodeOf, nodesOf } from "../hosts/nodes";
import type { Progress } from "../feedback/progress";
import { RemoteError } from "../exec/remote/remote";
import type { SshRemote } from "../exec/remote/ssh-remote";

/** Who can tell a machine's host keys past the network between it and us: its vendor, who has its console. */
export interface HostKeySource {
  /** As lines for known_hosts without the name; none as long as they are not known, and none once they are forgotten. */
  hostKeys(host: string): Promise<readonly string[]>;
}

/** How long a machine that was just made may take to print its keys: cloud-init does at the end of the first boot. */
const CONSOLE_PATIENCE = Duration.minutes(3);
const PAUSE = Duration.seconds(2);

/**
 * Pins the host keys of the master, if none are: from its console, which is waited for; where that never tells, the
 * first contact does, and the operator is told so. Committed host keys are never added to.
 *
 * @throws RemoteError if the console does not tell them and the master does not answer within `limit`
 */
export async function pinMaster(
  deployment: Way,
  source: HostKeySource | undefined,
  progress: Progress,
  { limit, patience = shorter(CONSOLE_PATIENCE, limit) }: { readonly limit: Duration; readonly patience?: Duration },
): Promise<void> {
  const { host } = deployment.manifest.master;
  if (isPinned(deployment, host)) return;
  await progress.phase(`Host keys of ${host}`, async (report) => {
    const why = await fromConsole(deployment, source, patience);
    if (why === undefined) {
      report.title(`Host keys of ${host}, from its console`);
      return;
    }
    report.title(`Host key of ${host}, from the first contact`);
    await masterOf(deployment, limit, true).run("true");
    const prints = pinnedKeys(deployment, host).map(fingerprint).join(", ");
    progress.note(`${why}: the host key of ${host} is what it showed at the first contact, ${prints}`);
  });
}

/** Asks the console once, where a machine is not known yet. Whether it can be reached then, is told by SSH. */
export async function pinKnown(deployment: Way, host: string, source: HostKeySource | undefined): Promise<void> {
  if (isPinned(deployment, host) || source === undefined) return;
  pin(deployment, host, await source.hostKeys(host).catch(() => []));
}

/** Pins the host keys of a node, if none are: from its console, or as the master sees them. */
export async function pinNode(deployment: Way, host: string, source: HostKeySource | undefined): Promise<void> {
  await pinKnown(deployment, host, source);
  await pinNodes(deployment, [nodeOf(deployment.manifest, host)]);
}

/**
 * Pins the host keys of nodes of which none are, as the master sees them, who is in the same network. A node that does
 * not answer stays unknown.
 *
 * @throws RemoteError if the master does not answer
 */
export async function pinNodes(deployment: Way, nodes: readonly NodeAddress[]): Promise<void> {
  const unknown = nodes.filter(({ host }) => !isPinned(deployment, host));
  if (unknown.length === 0) return;
  const seen = await seenBy(masterOf(deployment), unknown);
  for (const { host } of unknown) pin(deployment, host, seen.get(host) ?? []);
}

/** The host keys that nodes show to the master; none of those that do not answer. */
async function seenBy(
  master: SshRemote,
  nodes: readonly NodeAddress[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const printed = await master.run(SCAN, { args: nodes.map(({ address }) => address) });
  const lines = printed.split("\n").map((line) => line.split(" "));
  return new Map(
    nodes.map(({ host, address }) => {
      const own = lines.filter(([name]) => name === address);
      return [host, own.map((words) => words.slice(1).join(" "))];
    }),
  );
}

const SCAN = 'ssh-keyscan -T 5 -t ed25519 "$@" 2>/dev/null || :';

/**
 * What a committed file would hold if it were up to date; the file itself stays as it is. Machines that it lacks get the
 * keys that they show: the master on its console, nodes to the master. Other keys than the committed ones are taken from
 * a machine's console only; a node that merely shows others is told.
 */
export async function broughtUpToDate(
  way: Way,
  committed: string,
  source: HostKeySource | undefined,
  progress: Progress,
): Promise<string> {
  const { manifest } = way;
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
    seen = await withFile(text, async (knownHosts) => seenBy(masterOf({ ...way, knownHosts }), nodes));
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

/** Forgets machines that were made anew, and have keys of their own again. */
export function forgetHostKeys({ manifest, privateDirectory }: Way, hosts: readonly string[]): void {
  const file = join(privateDirectory, "known_hosts");
  if (hosts.length === 0 || !existsSync(file)) return;
  const text = readFileSync(file, "utf8");
  const kept = withoutHosts(text, manifest, hosts);
  if (kept !== text) writeFileSync(file, kept, { mode: 0o600 });
}

/** Waits until the console tells; if it does not, why. */
async function fromConsole(
  deployment: Way,
  source: HostKeySource | undefined,
  patience: Duration,
): Promise<string | undefined> {
  const { host } = deployment.manifest.master;
  if (source === undefined) return "no console can be asked";
  const deadline = Date.now() + patience.toMilliseconds();
  for (;;) {
    try {
      const keys = await source.hostKeys(host);
      pin(deployment, host, keys);
      if (keys.length > 0) return undefined;
    } catch (error) {
      return `its console cannot be read (${error instanceof Error ? error.message : String(error)})`;
    }
    if (Date.now() >= deadline) return `its console shows no host keys after ${patience.toString()}`;
    await sleep(Math.min(PAUSE.toMilliseconds(), patience.toMilliseconds()));
  }
}

function shorter(one: Duration, other: Duration): Duration {
  return one.toSeconds() < other.toSeconds() ? one : other;
}

function isPinned(deployment: Way, host: string): boolean {
  return deployment.knownHosts !== undefined || pinnedKeys(deployment, host).length > 0;
}

/** The keys by which SSH will know a machine. */
function pinnedKeys({ manifest, privateDirectory }: Way, host: string): readonly string[] {
  const file = join(privateDirectory, "known_hosts");
  if (!existsSync(file)) return [];
  return keysOf(readFileSync(file, "utf8"), manifest, host);
}

function pin({ manifest, privateDirectory }: Way, host: string, keys: readonly string[]): void {
  if (keys.length === 0) return;
  mkdirSync(privateDirectory, { recursive: true, mode: 0o700 });
  appendFileSync(join(privateDirectory, "known_hosts"), withKeys("", manifest, host, keys), { mode: 0o600 });
}

/** A machine's keys in the text of a known_hosts file. */
function keysOf(text: string, manifest: Manifest, host: string): readonly string[] {
  const [name = ""] = namesIn(manifest, host);
  const own = text.split("\n").filter((line) => namesOnLine(line).some((given) => given === name || given === "*"));
  return own.map((line) => withoutComment(line.trim().split(/\s+/).slice(1).join(" ")));
}

function withKeys(text: string, manifest: Manifest, host: string, keys: readonly string[]): string {
  const names = namesIn(manifest, host).join(",");
  const ended = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return ended + keys.map((key) => `${names} ${key}\n`).join("");
}

function withoutHosts(text: string, manifest: Manifest, hosts: readonly string[]): string {
  const gone = new Set(hosts.flatMap((host) => namesIn(manifest, host)));
  const lines = text.split("\n");
  return lines.filter((line) => !namesOnLine(line).some((name) => gone.has(name))).join("\n");
}

function haveOneInCommon(keys: readonly string[], others: readonly string[]): boolean {
  const plain = new Set(others.map(withoutComment));
  return keys.some((key) => plain.has(withoutComment(key)));
}

function withoutComment(key: string): string {
  return key.split(" ").slice(0, 2).join(" ");
}

/** The names of a machine in known_hosts; the first is the one that SSH looks for. */
function namesIn(manifest: Manifest, host: string): readonly string[] {
  const names = namesOf(manifest).find((all) => all.includes(host)) ?? [];
  // Nodes are reached by their addresses, the master by its way in.
  return host === manifest.master.host ? names : [...names].reverse();
}

function namesOnLine(line: string): readonly string[] {
  const [names = ""] = line.trim().split(/\s+/);
  return names.startsWith("#") ? [] : names.split(",");
}

/** As `ssh-keygen -l` shows it. */
function fingerprint(key: string): string {
  const [type = "", blob = ""] = key.split(" ");
  const hash = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64");
  return `${type} SHA256:${hash.replace(/=+$/, "")}`;
}
