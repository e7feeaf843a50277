import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TerraformStack } from "cdktf";
import type { Boot, Disk, Host } from "../../lib/clouds/cloud";
import { LocalCloud, type LocalCloudProps } from "../../lib/clouds/local";
import { expectedIn, type Expected } from "../../lib/clouds/local/drift";
import { claimantIn } from "../../lib/clouds/local/ownership";
import { TerraformData } from "../../lib/clouds/terraform-data";
import { formatAddress, parseCidr } from "../../lib/model/cidr";
import { synthesize, type TerraformJson } from "../../lib/testing";
import { Size } from "../../lib/units";

/** A cluster in few words: what a stack would ask of `LocalCloud`. */
export interface Sketch {
  readonly cloud: LocalCloudProps & { readonly subnet: string };
  readonly image: string;
  /** Images of single pools. */
  readonly images?: Readonly<Record<string, string>>;
  readonly pools?: Readonly<Record<string, number>>;
  readonly gpus?: number;
  readonly homeSize?: Size;
  readonly existingHome?: string;
}

/** Asks the cloud for network, disks, master and pools, in the order in which a master and its pools do. */
export function buildSketch(stack: TerraformStack, cluster: string, sketch: Sketch): void {
  const {
    cloud: props,
    image,
    images = {},
    pools = {},
    gpus = 0,
    homeSize = Size.gibibytes(20),
    existingHome,
  } = sketch;
  const cloud = new LocalCloud(props);
  const first = parseCidr(props.subnet)!.first;
  const master = { name: "master", address: formatAddress(first + 10) };
  const groups = Object.entries(pools).map(([pool, count], index) => ({
    pool,
    hosts: Array.from({ length: count }, (_, k): Host => ({
      name: `${pool}-${k + 1}`,
      address: formatAddress(first + 256 * (index + 1) + k + 1),
    })),
  }));
  const owner = new TerraformData(stack, "owner", { input: { kind: "owner", cluster } });
  const site = cloud.network(stack, "network", {
    cluster,
    owner: owner.getStringAttribute("id"),
    hosts: () => [master, ...groups.flatMap(({ hosts }) => hosts)].map(({ name }) => name),
  });
  const state = cloud.disk(stack, "state", {
    site,
    purpose: "state",
    size: Size.gibibytes(10),
    path: "/srv/ohpc/state",
  });
  const bundle = cloud.disk(stack, "bundle", { site, purpose: "bundle", path: "/srv/ohpc/bundle" });
  const home = cloud.disk(stack, "home", {
    site,
    purpose: "home",
    size: homeSize,
    path: "/home",
    ...(existingHome === undefined ? {} : { existing: existingHome }),
  });
  const machines = (
    group: string,
    role: Boot["role"],
    hosts: readonly Host[],
    disks: readonly Disk[],
    count: number,
  ) => {
    const shape = {
      sockets: 1,
      coresPerSocket: 1,
      threadsPerCore: 1,
      memory: Size.gibibytes(2),
      architecture: "x86_64",
    } as const;
    cloud.machines(stack, group, {
      site,
      role,
      group,
      hosts,
      machine: "small",
      shape: count === 0 ? shape : { ...shape, gpus: { count } },
      rootDisk: Size.gibibytes(20),
      image: images[group] ?? image,
      disks,
      boot: { cluster, role, master, bundle: bundle.manifest },
    });
  };
  machines("master", "master", [master], [state, bundle, home], 0);
  for (const { pool, hosts } of groups) machines(pool, "compute", hosts, [home, bundle], gpus);
}

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** A directory in which real Terraform works on a sketch, with private things of its own. */
export class Workbench {
  readonly directory = mkdtempSync(join(tmpdir(), "workbench-"));
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    XDG_STATE_HOME: join(this.directory, "state"),
    CHECKPOINT_DISABLE: "1",
    TF_IN_AUTOMATION: "1",
  };

  /** @param beside whose private things it has, too: another folder on the same machine */
  constructor(
    readonly cluster: string,
    beside?: Readonly<NodeJS.ProcessEnv>,
  ) {
    if (beside?.["XDG_STATE_HOME"] !== undefined) this.env["XDG_STATE_HOME"] = beside["XDG_STATE_HOME"];
  }

  get privateDirectory(): string {
    return join(this.directory, "state", "ohpc", this.cluster);
  }

  write(sketch: Sketch): void {
    this.writeJson(
      synthesize((stack) => {
        buildSketch(stack, this.cluster, sketch);
      }, this.cluster).terraform,
    );
  }

  /** The state lies beside the code, as a user's would. */
  writeJson({ resource }: TerraformJson): void {
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(join(this.directory, "main.tf.json"), JSON.stringify({ resource }, undefined, 1));
  }

  /** Once: nothing that it depends on changes. */
  async initialize(): Promise<void> {
    if (!existsSync(join(this.directory, ".terraform"))) await this.terraform("init", "-input=false");
    mkdirSync(join(this.directory, ".terraform"), { recursive: true });
  }

  /** @throws Error with Terraform's output if it fails */
  async apply(sketch?: Sketch, ...options: readonly string[]): Promise<string> {
    if (sketch !== undefined) this.write(sketch);
    await this.initialize();
    return this.terraform("apply", "-auto-approve", ...options);
  }

  /** What an apply would do, by address: `create`, `update`, `delete,create`… Nothing when all is as it should be. */
  async plan(sketch?: Sketch): Promise<Readonly<Record<string, string>>> {
    if (sketch !== undefined) this.write(sketch);
    await this.initialize();
    await this.terraform("plan", "-out=plan");
    const { resource_changes: changes = [] } = JSON.parse(await this.terraform("show", "-json", "plan")) as {
      resource_changes?: { address: string; change: { actions: string[] } }[];
    };
    return Object.fromEntries(
      changes
        .map(({ address, change }) => [address, change.actions.join(",")])
        .filter(([, actions]) => actions !== "no-op"),
    ) as Record<string, string>;
  }

  async destroy(): Promise<string> {
    return this.terraform("destroy", "-auto-approve");
  }

  async expected(): Promise<readonly Expected[]> {
    return expectedIn(JSON.parse(await this.terraform("show", "-json")));
  }

  /** The mark of the state. */
  async owner(): Promise<string> {
    const state: unknown = JSON.parse(await this.terraform("show", "-json"));
    return claimantIn(state, this.cluster, expectedIn(state)).owner ?? "";
  }

  async terraform(...args: readonly string[]): Promise<string> {
    const { code, output } = await finished(this.start(args));
    if (code !== 0)
      throw new Error(
        `terraform ${args.join(" ")} ended with ${String(code)}:\n${output.replace(/\s+/g, " ").slice(-5000)}`,
      );
    return output;
  }

  /** In a process group of its own, so that a test can kill it with all that it started. */
  start(args: readonly string[]): ChildProcess {
    const options = ["apply", "destroy", "init", "plan"].includes(args[0] ?? "") ? ["-no-color"] : [];
    return spawn("terraform", [args[0] ?? "", ...options, ...args.slice(1)], {
      cwd: this.directory,
      env: this.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** Removes the directory; what is in the engine must be gone by now. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function finished(child: ChildProcess): Promise<Finished> {
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Warnings about the CLI's own configuration are of no interest where it went well.
  const errors: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, output: Buffer.concat(code === 0 ? chunks : [...chunks, ...errors]).toString("utf8") });
    });
  });
}
