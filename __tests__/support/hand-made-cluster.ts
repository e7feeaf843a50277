import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DiskPurpose } from "../../lib/clouds/cloud";
import { LocalVolume } from "../../lib/clouds/local/disk";
import { runEngine, runEngineScript } from "../../lib/clouds/local/engine";
import { buildNodeImage } from "../../lib/clouds/local/image";
import { runSpec } from "../../lib/clouds/local/run-spec";
import { stockImage } from "../../lib/images/image";
import type { ClusterView } from "../../lib/model/cluster-view";
import type { Manifest } from "../../lib/model/manifest";
import { configure } from "../../lib/operate/configure/configure";
import { SshRemote } from "../../lib/operate/exec/remote/ssh-remote";
import { Duration } from "../../lib/units";
import { addressOf, type ClusterSketch, PATHS, viewOf } from "./cluster-builder";
import { Place } from "./place";

/** Machines made by hand, as `LocalCloud` would make them: for tests of what makes them a cluster. */
export class HandMadeCluster {
  private readonly scratch = mkdtempSync(join(tmpdir(), "cluster-"));
  private readonly containers = new Set<string>();
  private readonly place: Place;
  private readonly network: string;
  /** The first three numbers of its addresses: `10.135.0`. */
  private readonly prefix: string;
  private readonly port: number;
  private image = "";

  /** @param title in a word, what it is for */
  constructor(title: string) {
    this.place = Place.take(title, { containers: true });
    this.network = `ohpc-${this.name}`;
    this.prefix = this.place.subnet.replace(".0/16", "");
    this.port = this.place.port();
  }

  get name(): string {
    return this.place.name;
  }

  get privateDirectory(): string {
    return join(this.scratch, "private");
  }

  /** Network, volumes and keys; no machine yet. */
  async prepare(): Promise<void> {
    ({ image: this.image } = await buildNodeImage());
    mkdirSync(this.privateDirectory, { recursive: true, mode: 0o700 });
    for (const key of ["id_ed25519", "host_ed25519_key"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(this.privateDirectory, key)]);
    }
    const hostKey = readFileSync(join(this.privateDirectory, "host_ed25519_key.pub"), "utf8");
    writeFileSync(join(this.privateDirectory, "known_hosts"), `* ${hostKey}`);
    await this.engine("network", "create", "--subnet", this.subnet, this.network);
    for (const purpose of PURPOSES) await this.engine("volume", "create", this.volume(purpose));
  }

  /** The smallest that is one: a master and `cpu-1`, configured. The node may still be on its way. */
  async startSmallest(sketch: ClusterSketch): Promise<void> {
    await this.prepare();
    await this.startMaster();
    await this.startNode("cpu", 1);
    await configure(this.view(sketch), this.remote());
  }

  async startMaster(more: readonly string[] = []): Promise<void> {
    await this.start("master", "master", `${this.prefix}.10`, 0, ["-p", `127.0.0.1:${this.port}:22`, ...more]);
  }

  /** The `k`-th node of a pool, from 1. */
  async startNode(pool: string, k: number, gpus = pool.startsWith("gpu") ? 2 : 0): Promise<void> {
    await this.start(`${pool}-${k}`, "compute", this.address(pool, k), gpus, []);
  }

  address(pool: string, k: number): string {
    return addressOf(this.subnet, pool, k);
  }

  /**
   * The `k`-th node of a pool as a machine that was there before: a stock Debian that knows of no cluster, will have no
   * first boot again, and lets the operator in. Its image must have been built.
   */
  async startStranger(pool: string, k: number): Promise<void> {
    const never = join(this.scratch, "cloud-init.disabled");
    writeFileSync(never, "");
    const key = `${this.privateDirectory}/id_ed25519.pub:/root/.ssh/authorized_keys:ro`;
    const more = ["-v", key, "-v", `${never}:/etc/cloud/cloud-init.disabled:ro`];
    await this.start(`${pool}-${k}`, "compute", this.address(pool, k), 0, more, stockImage());
  }

  /** Runs a command inside a machine, past SSH and Slurm. */
  async inside(host: string, ...command: readonly string[]): Promise<string> {
    return this.engine("exec", this.container(host), ...command);
  }

  async engine(...args: readonly string[]): Promise<string> {
    return runEngine(args, LIMIT);
  }

  container(host: string): string {
    return `ohpc-${this.name}-${host}`;
  }

  remote(): SshRemote {
    const { privateDirectory } = this;
    return SshRemote.to({ host: "master", access: this.access(), privateDirectory, patience: Duration.seconds(60) });
  }

  view(sketch: ClusterSketch): ClusterView {
    return viewOf({ cluster: this.name, sites: [{ cidr: this.subnet }], access: this.access(), ...sketch });
  }

  async destroy(): Promise<void> {
    await runEngineScript(
      `engine rm -f -v -t 0 $(engine ps -aq --filter "name=^$1-") >/dev/null 2>&1 || true
       engine network rm -f "$1" >/dev/null 2>&1 || true
       engine volume rm -f "$1-state" "$1-bundle" "$1-home" >/dev/null 2>&1 || true`,
      [this.network],
      LIMIT,
    );
    this.containers.clear();
  }

  /** After the last test. */
  async end(): Promise<void> {
    await this.remote().close();
    await this.destroy();
    this.place.release();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  private async start(
    host: string,
    role: "master" | "compute",
    address: string,
    gpus: number,
    more: readonly string[],
    image = this.image,
  ): Promise<void> {
    const bundle = { kind: "mounted", path: PATHS.bundle } as const;
    const disks = PURPOSES.map((purpose) => ({
      purpose,
      manifest: { kind: "mounted", path: PATHS[purpose] } as const,
      handle: new LocalVolume(this.volume(purpose), undefined),
      dependsOn: [],
    }));
    const boot = { cluster: this.name, role, master: { name: "master", address: `${this.prefix}.10` }, bundle };
    const stock = image !== this.image;
    const { flags } = runSpec({ role, boot, disks, gpus, stock, sshPort: undefined });
    const keys = this.privateDirectory;
    await runEngineScript(
      `name=$1 host=$2 network=$3 address=$4 keys=$5 image=$6; shift 6
       engine rm -f -v -t 0 "$name" >/dev/null 2>&1 || true
       engine run -d --pull=never --name "$name" --hostname "$host" --network "$network" --ip "$address" \\
         --mac-address "$(printf '02:00:%02x:%02x:%02x:%02x' $(tr . ' ' <<<"$address"))" \\
         --systemd=always --no-hosts --security-opt unmask=all --device /dev/fuse \\
         -v "$keys/id_ed25519.pub:/etc/ssh/authorized_keys.d/root:ro" \\
         -v "$keys/host_ed25519_key:/etc/ssh/ssh_host_ed25519_key:ro" \\
         -v "$keys/host_ed25519_key.pub:/etc/ssh/ssh_host_ed25519_key.pub:ro" "$@" "$image" >/dev/null`,
      [this.container(host), host, this.network, address, keys, image, ...flags, ...more],
      LIMIT,
    );
    this.containers.add(host);
  }

  private get subnet(): string {
    return `${this.prefix}.0/24`;
  }

  private volume(purpose: DiskPurpose): string {
    return `${this.network}-${purpose}`;
  }

  private access(): Manifest["master"]["access"] {
    return { host: "127.0.0.1", port: this.port, user: "root", identity: "cluster" };
  }
}

/** A test must not wait for an engine that hangs. */
const LIMIT = { timeoutSeconds: 240 } as const;
const PURPOSES = ["state", "bundle", "home"] as const;

/** Asks again and again until the answer will do. */
export async function eventually<T>(
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
  limit = Duration.seconds(200),
): Promise<T> {
  const deadline = Date.now() + limit.toMilliseconds();
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`not so after ${limit.toString()}: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
