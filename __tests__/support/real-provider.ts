import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TerraformJson } from "cdktf-openhpc/testing";
import { runChild } from "../../lib/operate/exec/child";

/**
 * A folder as `terraform providers mirror` makes it, unpacked: providers that were fetched by hand, of whatever version.
 * Without it, providers come from the registry.
 */
const PLUGINS = process.env["OHPC_TEST_PLUGIN_DIR"];

/**
 * Whether a provider can be had here: from the folder that the environment names, or from the registry.
 * Asked when tests are collected, so that what cannot run is skipped, and counted.
 */
function providerAvailable(source: string, version: string): boolean {
  if (PLUGINS !== undefined) return handFetched(PLUGINS).has(source);
  const folder = mkdtempSync(join(tmpdir(), "provider-"));
  try {
    const name = source.split("/").at(-1) ?? "";
    writeFileSync(
      join(folder, "main.tf.json"),
      JSON.stringify({ terraform: { required_providers: { [name]: { source, version } } } }),
    );
    execFileSync("flock", [CACHE_LOCK, "terraform", "init", "-input=false", "-backend=false"], {
      cwd: folder,
      stdio: "ignore",
      timeout: 240_000,
      env: { ...process.env, ...quiet(), TF_REGISTRY_DISCOVERY_RETRY: "0", TF_REGISTRY_CLIENT_TIMEOUT: "5" },
    });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A describe for tests that take a real provider: where none can be had, they are skipped and counted as skipped. */
export function describeWithProvider(source: string, version: string): jest.Describe {
  return providerAvailable(source, version) ? describe : describe.skip;
}

export interface TerraformRun {
  readonly exitCode: number;
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
}

/** What a plan would do, by the address of each instance; what it leaves alone is not in it. */
export type Planned = Readonly<Record<string, PlannedChange>>;

export interface PlannedChange {
  /** `create`, `update`, `delete`, `delete,create`… */
  readonly actions: string;
  /** Attributes that would change. */
  readonly attributes: readonly string[];
}

/** One synthesized stack in a folder of its own, with a real provider. */
export class RealStack {
  private readonly folder = mkdtempSync(join(tmpdir(), "stack-"));

  constructor(private readonly env: Readonly<Record<string, string>>) {}

  /** Replaces the stack's definition; the state stays. */
  write(definition: TerraformJson): void {
    writeFileSync(join(this.folder, "cdk.tf.json"), JSON.stringify(relaxed(definition), undefined, 1));
  }

  /** What stands here goes before the definition: how `ohpc` lifts protection. `undefined` takes it away. */
  override(definition: unknown): void {
    const file = join(this.folder, "ohpc_override.tf.json");
    if (definition === undefined) rmSync(file, { force: true });
    else writeFileSync(file, JSON.stringify(definition));
  }

  async init(): Promise<void> {
    if (PLUGINS !== undefined) return;
    const { exitCode, stdout, stderr } = await runChild("flock", [CACHE_LOCK, "terraform", "init", "-input=false"], {
      cwd: this.folder,
      env: { ...process.env, ...quiet(), ...this.env },
    });
    if (exitCode !== 0) throw new Error(`terraform init failed:\n${stdout}${stderr}`);
  }

  async run(args: readonly string[]): Promise<TerraformRun> {
    // The provider logs every request there: what to look at when a test fails.
    const log =
      process.env["OHPC_TEST_TRACE"] === undefined
        ? {}
        : { TF_LOG_PROVIDER: "TRACE", TF_LOG_PATH: join(this.folder, "trace.log") };
    const env = { ...process.env, ...quiet(), ...overrides(this.folder), ...this.env, ...log };
    const { exitCode, stdout, stderr } = await runChild("terraform", [...args], { cwd: this.folder, env });
    return { exitCode, stdout, output: `${stdout}${stderr}` };
  }

  /** Standard output. @throws Error with all that terraform wrote, if it failed */
  async must(args: readonly string[]): Promise<string> {
    const { exitCode, stdout, output } = await this.run(args);
    if (exitCode !== 0) throw new Error(`terraform ${args.join(" ")} failed:\n${output}`);
    return stdout;
  }

  /** Everything that terraform and the provider complain about: errors, and warnings such as of what is deprecated. */
  async validate(): Promise<readonly string[]> {
    const { stdout } = await this.run(["validate", "-json"]);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { summary: string; detail: string }[] };
    const said = diagnostics.map(({ summary, detail }) => `${summary}: ${detail}`);
    return said.filter((text) => !text.startsWith("Provider development overrides"));
  }

  async apply(...options: readonly string[]): Promise<string> {
    return this.must(["apply", "-input=false", "-auto-approve", "-no-color", ...options]);
  }

  async plan(...options: readonly string[]): Promise<Planned> {
    await this.must(["plan", "-input=false", "-no-color", "-out=plan", ...options]);
    const shown = JSON.parse(await this.must(["show", "-json", "plan"])) as { resource_changes?: readonly RawChange[] };
    const changes = (shown.resource_changes ?? []).filter(({ change: { actions } }) =>
      actions.some((action) => !["no-op", "read"].includes(action)),
    );
    return Object.fromEntries(
      changes.map(({ address, change }) => [address, { actions: change.actions.join(), attributes: changed(change) }]),
    );
  }

  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    const values = JSON.parse(await this.must(["output", "-json"])) as Record<string, { value: unknown }>;
    return Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]));
  }

  /** The state file, to be read or changed by hand. */
  get state(): string {
    return join(this.folder, "terraform.tfstate");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface RawChange {
  readonly address: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Attributes | null;
    readonly after: Attributes | null;
  };
}

type Attributes = Readonly<Record<string, unknown>>;

function changed({ before, after }: RawChange["change"]): readonly string[] {
  const [old, next] = [before ?? {}, after ?? {}];
  return Object.keys(next)
    .filter((key) => JSON.stringify(old[key]) !== JSON.stringify(next[key]))
    .sort();
}

/** In a folder of its own with its state beside it; and, where providers were fetched by hand, with whichever version that is. */
function relaxed(definition: TerraformJson): TerraformJson {
  const { backend: _, required_providers: providers, ...rest } = definition.terraform ?? {};
  const any = Object.entries((providers ?? {}) as Record<string, { source: string; version: string }>).map(
    ([name, { source, version }]) => [name, { source, version: PLUGINS === undefined ? version : ">= 0.1.0" }] as const,
  );
  return { ...definition, terraform: { ...rest, required_providers: Object.fromEntries(any) } };
}

/** Where the programs of providers lie that were fetched by hand, by their sources. */
function handFetched(root: string): ReadonlyMap<string, string> {
  if (!existsSync(root)) throw new Error(`OHPC_TEST_PLUGIN_DIR names ${root}, which is not there`);
  // HOST/NAMESPACE/NAME/VERSION/OS_ARCH/terraform-provider-…
  const programs = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.split("/").length === 6,
  );
  return new Map(programs.map((path) => [path.split("/").slice(1, 3).join("/"), dirname(join(root, path))]));
}

/** With them terraform needs no `init`, and takes whichever version that is. */
function overrides(folder: string): Readonly<Record<string, string>> {
  if (PLUGINS === undefined) return {};
  const file = join(folder, "terraform.rc");
  const lines = [...handFetched(PLUGINS)].map(([source, program]) => `    "${source}" = "${program}"`);
  writeFileSync(file, `provider_installation {\n  dev_overrides {\n${lines.join("\n")}\n  }\n  direct {}\n}\n`);
  return { TF_CLI_CONFIG_FILE: file };
}

const CACHE = join(__dirname, "../../.build/plugins");
/** Terraform does not lock its cache of providers, and another check of this checkout may be at it. */
const CACHE_LOCK = `${CACHE}.lock`;

/** No calls home; a cache, so that a provider of hundreds of megabytes is fetched once. */
function quiet(): Readonly<Record<string, string>> {
  mkdirSync(CACHE, { recursive: true });
  return { CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", TF_PLUGIN_CACHE_DIR: CACHE };
}
