import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Manifest } from "../model/manifest";
import { Duration } from "../units";
import { namesOf } from "./known-hosts";
import { masterOf, type Way } from "./master";
import { type NodeAddress, nodeOf } from "./nodes";
import type { Progress } from "./progress";

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
  const addresses = unknown.map(({ address }) => address);
  const seen = await masterOf(deployment).run(SCAN, { args: addresses });
  const lines = seen.split("\n").map((line) => line.split(" "));
  for (const { host, address } of unknown) {
    const own = lines.filter(([name]) => name === address);
    pin(
      deployment,
      host,
      own.map((words) => words.slice(1).join(" ")),
    );
  }
}

const SCAN = 'ssh-keyscan -T 5 -t ed25519 "$@" 2>/dev/null || :';

/** Forgets machines that were made anew, and have keys of their own again. */
export function forgetHostKeys({ manifest, privateDirectory }: Way, hosts: readonly string[]): void {
  const file = join(privateDirectory, "known_hosts");
  if (hosts.length === 0 || !existsSync(file)) return;
  const gone = new Set(hosts.flatMap((host) => namesIn(manifest, host)));
  const lines = readFileSync(file, "utf8").split("\n");
  const kept = lines.filter((line) => !namesOnLine(line).some((name) => gone.has(name)));
  if (kept.length < lines.length) writeFileSync(file, kept.join("\n"), { mode: 0o600 });
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
  const [name = ""] = namesIn(manifest, host);
  const lines = readFileSync(file, "utf8").split("\n");
  const own = lines.filter((line) => namesOnLine(line).some((given) => given === name || given === "*"));
  return own.map((line) => line.trim().split(/\s+/).slice(1, 3).join(" "));
}

function pin({ manifest, privateDirectory }: Way, host: string, keys: readonly string[]): void {
  if (keys.length === 0) return;
  mkdirSync(privateDirectory, { recursive: true, mode: 0o700 });
  const names = namesIn(manifest, host).join(",");
  const lines = keys.map((key) => `${names} ${key}\n`).join("");
  appendFileSync(join(privateDirectory, "known_hosts"), lines, { mode: 0o600 });
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
