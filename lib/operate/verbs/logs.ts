import { resolve } from "node:path";
import { PowerError } from "../../clouds/power";
import type { Manifest } from "../../model/manifest";
import { packageJson } from "../../package/package-json";
import { pinNodes, pinMasterFromConsole } from "../access/host-keys";
import { MASTER_PATIENCE, masterOf } from "../access/master";
import { type MasterAccess, masterAccessIn } from "../access/master-access";
import { inParallel } from "../exec/in-parallel";
import { RemoteError } from "../exec/remote/remote";
import { SshRemote } from "../exec/remote/ssh-remote";
import { count } from "../feedback/count";
import { Failure } from "../feedback/failure";
import type { Progress } from "../feedback/progress";
import { chosenHosts, type HostChoice } from "../hosts/chosen-hosts";
import { type NodeAddress, nodesOf } from "../hosts/nodes";
import { checkArchivePlace, writeArchive } from "../logs/archive";
import { collectFrom } from "../logs/collect";
import { redact } from "../logs/redact";
import { ClusterPower } from "../power/cluster-power";
import { type ClusterStatus, clusterStatus } from "../scheduler/status";
import type { Place } from "../stack/project";
import { openStack, type SynthesizedStack } from "../stack/synthesis";
import { lastRuns } from "../terraform/last-runs";
import { Terraform } from "../terraform/terraform";

export interface LogsOptions extends HostChoice {
  readonly stack: string;
  readonly place: Place;
  /** @default `STACK-logs-TIME.tar.gz` where the command was typed */
  readonly out?: string;
}

export interface Logs {
  readonly file: string;
  readonly bytes: number;
  /** Machines whose own logs are in it. */
  readonly machines: readonly string[];
  /** What could not be had, and why. */
  readonly missing: readonly string[];
}

/** If nobody says which nodes: those that are not well first, then others, for comparison. */
const MOST_NODES = 20;
/** Each is a connection of its own through the master. */
const AT_ONCE = 8;

/**
 * Puts into one archive what whoever helps needs to see: versions, status, logs of master and nodes, consoles of machines
 * that cannot be reached, Terraform's last run. Secrets and the names of users' jobs are taken out. What cannot be had is
 * said; a cluster that does not answer at all still gives an archive.
 *
 * @throws Failure if there is no such stack, no such host, or the archive cannot be written
 */
export async function collectLogs(options: LogsOptions, progress: Progress): Promise<Logs> {
  const { place, stack: name } = options;
  const { project, stack } = await openStack(name, place);
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const root = `${name}-logs-${time.replaceAll(/[-:]/g, "")}`;
  const file = resolve(place.cwd, options.out ?? `${root}.tar.gz`);
  checkArchivePlace(file);
  const found = new Found();
  found.add("versions.json", versions(time));
  for (const { command, text } of lastRuns(stack.directory)) found.add(`terraform/${command}.jsonl`, text);
  const access = await progress.phase(`Look at ${name}`, async () => accessOf(stack, project, place, found));
  const nodes = access === undefined ? [] : chosenNodes(access.manifest, options);
  const machines = access === undefined ? [] : await fromMachines(access, nodes, options, place.env, found, progress);
  found.add(
    "README.txt",
    readme({ cluster: access?.manifest.cluster ?? name, time, machines, missing: found.missing }),
  );
  const bytes = await progress.phase("Pack", async () => writeArchive(file, root, found.redacted()));
  return { file, bytes, machines, missing: found.missing };
}

/** What was gathered so far. */
class Found {
  readonly missing: string[] = [];
  private readonly files = new Map<string, string>();
  private readonly jobNames = new Set<string>();

  add(path: string, text: string): void {
    if (text !== "") this.files.set(path, text);
  }

  from(directory: string, { files }: Awaited<ReturnType<typeof collectFrom>>): void {
    for (const [name, text] of files) this.add(`${directory}/${name}`, text);
  }

  /** Names of jobs the master knows; a node that tells some would have its own words taken out of all logs. */
  fromMaster(host: string, collected: Awaited<ReturnType<typeof collectFrom>>): void {
    this.from(host, collected);
    for (const name of collected.jobNames) this.jobNames.add(name);
  }

  redacted(): ReadonlyMap<string, string> {
    const names = [...this.jobNames];
    return new Map([...this.files].map(([path, text]) => [path, redact(text, names)]));
  }
}

function versions(time: string): string {
  const { arch, platform, versions: of } = process;
  return `${JSON.stringify({ time, ohpc: packageJson().version, node: of.node, platform, arch }, undefined, 2)}\n`;
}

async function accessOf(
  stack: SynthesizedStack,
  project: { readonly directory: string },
  { env }: Place,
  found: Found,
): Promise<MasterAccess | undefined> {
  try {
    const access = masterAccessIn(await new Terraform(stack.directory, env).outputs(), stack, project, env);
    if (access === undefined) found.missing.push("the cluster: the stack is not deployed");
    else found.add("manifest.json", `${JSON.stringify(access.manifest, undefined, 2)}\n`);
    return access;
  } catch (error) {
    found.missing.push(`the cluster: ${reasonOf(error)}`);
    return undefined;
  }
}

/** All that somebody named; otherwise all. The master is always looked at. */
function chosenNodes(manifest: Manifest, choice: HostChoice): readonly NodeAddress[] {
  const chosen = new Set(chosenHosts(manifest, choice));
  return nodesOf(manifest).filter(({ host }) => chosen.has(host));
}

async function fromMachines(
  access: MasterAccess,
  nodes: readonly NodeAddress[],
  choice: HostChoice,
  env: NodeJS.ProcessEnv,
  found: Found,
  progress: Progress,
): Promise<readonly string[]> {
  const { master: head } = access.manifest;
  const machines: string[] = [];
  const silent: string[] = [];
  const master = await progress.phase(`Logs of ${head.host}`, async (report) => {
    try {
      await pinMasterFromConsole(access, env);
      const remote = masterOf(access, MASTER_PATIENCE);
      found.fromMaster(head.host, await collectFrom(remote));
      machines.push(head.host);
      return remote;
    } catch (error) {
      found.missing.push(`logs of ${head.host}: ${reasonOf(error)}`);
      silent.push(head.host);
      report.title(`Logs of ${head.host}: it does not give them`);
      return undefined;
    }
  });
  if (master === undefined) {
    silent.push(...nodes.map(({ host }) => host).slice(0, MOST_NODES));
  } else {
    const status = await statusOf(access.manifest, master, found);
    const named = choice.hosts.length + choice.pools.length > 0;
    const looked = named ? nodes : worstFirst(nodes, status).slice(0, MOST_NODES);
    if (looked.length < nodes.length) {
      found.missing.push(`logs of ${count(nodes.length - looked.length, "node")} that nobody named: give their names`);
    }
    await progress.phase(`Logs of ${count(looked.length, "node")}`, async (report) => {
      await pinNodes(access, looked).catch(() => undefined);
      await inParallel(looked, AT_ONCE, async (node) => {
        const remote = SshRemote.through(master, node);
        try {
          found.from(`nodes/${node.host}`, await collectFrom(remote));
          machines.push(node.host);
          report.detail(node.host);
        } catch (error) {
          found.missing.push(`logs of ${node.host}: ${reasonOf(error)}`);
          silent.push(node.host);
        } finally {
          await remote.close();
        }
      });
    });
  }
  await consoles(access.manifest, silent, env, found, progress);
  return machines.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

async function statusOf(manifest: Manifest, master: SshRemote, found: Found): Promise<ClusterStatus | undefined> {
  try {
    const status = await clusterStatus(manifest, master);
    found.add("status.json", `${JSON.stringify(status, undefined, 2)}\n`);
    return status;
  } catch (error) {
    found.missing.push(`status: ${reasonOf(error)}`);
    return undefined;
  }
}

function worstFirst(nodes: readonly NodeAddress[], status: ClusterStatus | undefined): readonly NodeAddress[] {
  const well = new Set(
    (status?.nodes ?? []).flatMap(({ host, slurm, unit }) =>
      slurm?.responds === true && slurm.reason === undefined && "ok" in unit && unit.ok ? [host] : [],
    ),
  );
  return [...nodes.filter(({ host }) => !well.has(host)), ...nodes.filter(({ host }) => well.has(host))];
}

/** Of machines that could not be reached, the vendor has what they printed. */
async function consoles(
  manifest: Manifest,
  hosts: readonly string[],
  env: NodeJS.ProcessEnv,
  found: Found,
  progress: Progress,
): Promise<void> {
  if (hosts.length === 0) return;
  await progress.phase(`Consoles of ${count(hosts.length, "machine")}`, async () => {
    try {
      const power = ClusterPower.of(manifest, env);
      const states = await power.list();
      found.add("machines.json", `${JSON.stringify(states, undefined, 2)}\n`);
      await inParallel(hosts, AT_ONCE, async (host) => {
        try {
          found.add(`consoles/${host}.txt`, await power.console(host));
        } catch (error) {
          found.missing.push(`console of ${host}: ${reasonOf(error)}`);
        }
      });
    } catch (error) {
      found.missing.push(`consoles: ${reasonOf(error)}`);
    }
  });
}

/** One line; what we did not foresee is no reason to keep all the rest back. */
function reasonOf(error: unknown): string {
  if (error instanceof RemoteError) {
    const words = { unreachable: "it does not answer", refused: "it does not let us in", timeout: "it took too long" };
    const last = error.output.split("\n").findLast((line) => line !== "");
    return error.failure === "failed" ? (last ?? "it failed") : words[error.failure];
  }
  if (error instanceof PowerError) return error.reason;
  if (error instanceof Failure) return error.message;
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}

interface Told extends Pick<Logs, "machines" | "missing"> {
  readonly cluster: string;
  readonly time: string;
}

/** For whoever opens it. Pure. */
function readme({ cluster, time, machines, missing }: Told): string {
  return [
    `Logs of the cluster ${cluster}, gathered by ohpc ${packageJson().version} at ${time}.`,
    "",
    `Machines: ${machines.length === 0 ? "none" : machines.join(", ")}`,
    ...(missing.length === 0 ? [] : ["", "What could not be had:", ...missing.map((line) => `- ${line}`)]),
    "",
    "Taken out: what looks like a secret ([secret]), and the names of jobs of the last 14 days ([job name]).",
    "Still in it: names of hosts and users, addresses, paths. Look it through before you give it to a stranger.",
    "",
  ].join("\n");
}
