import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Duration } from "../../units";
import type { SshRemote } from "../exec/remote/ssh-remote";
import type { Progress } from "../feedback/progress";
import { type NodeAddress, nodeOf } from "../hosts/nodes";
import { hostKeySource, type HostKeySource } from "./host-key-source";
import { fingerprint, keysOf, withKeys, withoutHosts } from "./known-hosts";
import { masterOf } from "./master";
import type { MasterAccess } from "./master-access";

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
  access: MasterAccess,
  source: HostKeySource | undefined,
  progress: Progress,
  { limit, patience = shorter(CONSOLE_PATIENCE, limit) }: { readonly limit: Duration; readonly patience?: Duration },
): Promise<void> {
  const { host } = access.manifest.master;
  if (isPinned(access, host)) return;
  await progress.phase(`Host keys of ${host}`, async (report) => {
    const why = await fromConsole(access, source, patience);
    if (why === undefined) {
      report.title(`Host keys of ${host}, from its console`);
      return;
    }
    report.title(`Host key of ${host}, from the first contact`);
    await masterOf(access, limit, true).run("true");
    const prints = pinnedKeys(access, host).map(fingerprint).join(", ");
    progress.note(`${why}: the host key of ${host} is what it showed at the first contact, ${prints}`);
  });
}

/** Asks the console once, where a machine is not known yet. Whether it can be reached then, is told by SSH. */
export async function pinKnown(access: MasterAccess, host: string, source: HostKeySource | undefined): Promise<void> {
  if (isPinned(access, host) || source === undefined) return;
  pin(access, host, await source.hostKeys(host).catch(() => []));
}

/** Asks the vendor for the master's host keys, where this machine has never met it. */
export async function pinMasterFromConsole(access: MasterAccess, env: NodeJS.ProcessEnv): Promise<void> {
  const { manifest } = access;
  await pinKnown(access, manifest.master.host, hostKeySource(manifest, env));
}

/** Pins the host keys of a node, if none are: from its console, or as the master sees them. */
export async function pinNode(access: MasterAccess, host: string, source: HostKeySource | undefined): Promise<void> {
  await pinKnown(access, host, source);
  await pinNodes(access, [nodeOf(access.manifest, host)]);
}

/**
 * Pins the host keys of nodes of which none are, as the master sees them, who is in the same network. A node that does
 * not answer stays unknown.
 *
 * @throws RemoteError if the master does not answer
 */
export async function pinNodes(access: MasterAccess, nodes: readonly NodeAddress[]): Promise<void> {
  const unknown = nodes.filter(({ host }) => !isPinned(access, host));
  if (unknown.length === 0) return;
  const seen = await seenBy(masterOf(access), unknown);
  for (const { host } of unknown) pin(access, host, seen.get(host) ?? []);
}

/** The host keys that nodes show to the master; none of those that do not answer. */
export async function seenBy(
  master: SshRemote,
  nodes: readonly NodeAddress[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const printed = await master.run(SCAN, { args: nodes.map(({ address }) => address) });
  const seen = printed.split("\n").map((line) => SEEN.exec(line)?.slice(1) ?? []);
  return new Map(
    nodes.map(({ host, address }) => {
      const own = seen.filter(([name]) => name === address);
      return [host, own.map(([, key = ""]) => key)];
    }),
  );
}

/** What comes from machines becomes lines of a file that decides whom we trust. */
const SEEN = /^(\S+) (ssh-ed25519 [A-Za-z0-9+/]{1,200}={0,2})$/;

const SCAN = 'ssh-keyscan -T 5 -t ed25519 "$@" 2>/dev/null || :';

/** Forgets machines that were made anew, and have keys of their own again. */
export function forgetHostKeys({ manifest, privateDirectory }: MasterAccess, hosts: readonly string[]): void {
  const file = join(privateDirectory, "known_hosts");
  if (hosts.length === 0 || !existsSync(file)) return;
  const text = readFileSync(file, "utf8");
  const kept = withoutHosts(text, manifest, hosts);
  if (kept !== text) writeFileSync(file, kept, { mode: 0o600 });
}

/** Waits until the console tells; if it does not, why. */
async function fromConsole(
  access: MasterAccess,
  source: HostKeySource | undefined,
  patience: Duration,
): Promise<string | undefined> {
  const { host } = access.manifest.master;
  if (source === undefined) return "no console can be asked";
  const deadline = Date.now() + patience.toMilliseconds();
  for (;;) {
    try {
      const keys = await source.hostKeys(host);
      pin(access, host, keys);
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

function isPinned(access: MasterAccess, host: string): boolean {
  return access.knownHosts !== undefined || pinnedKeys(access, host).length > 0;
}

/** The keys by which SSH will know a machine. */
function pinnedKeys({ manifest, privateDirectory }: MasterAccess, host: string): readonly string[] {
  const file = join(privateDirectory, "known_hosts");
  if (!existsSync(file)) return [];
  return keysOf(readFileSync(file, "utf8"), manifest, host);
}

function pin({ manifest, privateDirectory }: MasterAccess, host: string, keys: readonly string[]): void {
  if (keys.length === 0) return;
  mkdirSync(privateDirectory, { recursive: true, mode: 0o700 });
  appendFileSync(join(privateDirectory, "known_hosts"), withKeys("", manifest, host, keys), { mode: 0o600 });
}
