import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { type ChildResult, runChild } from "../exec/child";
import { Failure } from "../feedback/failure";
import { lastLines } from "../feedback/last-lines";
import { terraformBinary, versionFailure } from "./binary";
import { type Diagnostic, type TerraformEvent, terraformEvent } from "./events";
import { terraformFailure, wantsInit } from "./failure";
import { rememberRun } from "./last-runs";
import { withoutPreventDestroy } from "./prevent-destroy";

/** A plan that was written to a file, to be carried out as it is. */
export interface SavedPlan {
  readonly file: string;
  /** False when everything is as it should be; outputs count. */
  readonly changesAnything: boolean;
}

/** What a plan is about, beside all that differs. */
export interface PlanScope {
  /** Addresses of what has to be made anew. */
  readonly replace?: readonly string[];
  /** Addresses of all that it is about, with what they need. @default - everything */
  readonly targets?: readonly string[];
}

export interface StateVersion {
  readonly lineage: string;
  readonly serial: number;
}

/** Terraform or OpenTofu in one stack's directory. */
export class Terraform {
  private readonly binary: string;
  private readonly env: NodeJS.ProcessEnv;

  /** @throws Failure if neither program is there */
  constructor(
    /** Where the stack's cdk.tf.json lies. */
    private readonly directory: string,
    env: NodeJS.ProcessEnv,
  ) {
    this.binary = terraformBinary(env);
    this.env = { ...env, TF_IN_AUTOMATION: "1", TF_INPUT: "0", CHECKPOINT_DISABLE: "1" };
  }

  /** Runs `init` unless nothing that it depends on has changed since the last time. */
  async initialize(): Promise<void> {
    // Of an ohpc that was killed.
    rmSync(this.override, { force: true });
    const wanted = this.initKey();
    if (existsSync(this.initMark) && readFileSync(this.initMark, "utf8") === wanted) return;
    await this.init();
  }

  /** Compares what is with what should be. */
  async plan({ replace = [], targets = [] }: PlanScope = {}): Promise<SavedPlan> {
    return this.planWith([
      ...replace.map((address) => `-replace=${address}`),
      ...targets.map((address) => `-target=${address}`),
    ]);
  }

  /** As `plan`, but machines may end that the stack protects from it: for who asks people before the plan is carried out. */
  async planUnprotected(scope: PlanScope = {}): Promise<SavedPlan> {
    return this.unprotected(async () => this.plan(scope));
  }

  /** A plan from its bytes, as `SavedPlan.file` held them. */
  restore(bytes: Buffer): SavedPlan {
    mkdirSync(join(this.directory, ".terraform"), { recursive: true });
    writeFileSync(this.planFile, bytes, { mode: 0o600 });
    return { file: this.planFile, changesAnything: true };
  }

  /** Which state this is, and how often it was written; nothing where nothing was ever applied. */
  async stateVersion(): Promise<StateVersion | undefined> {
    const { stdout } = await this.quiet("state", ["pull"]);
    if (stdout.trim() === "") return undefined;
    const { lineage, serial } = JSON.parse(stdout) as StateVersion;
    return { lineage, serial };
  }

  /** Where the state is kept; `local`: in a file beside the project. */
  backend(): string {
    const config = JSON.parse(readFileSync(join(this.directory, "cdk.tf.json"), "utf8")) as {
      readonly terraform?: { readonly backend?: Readonly<Record<string, unknown>>; readonly cloud?: unknown };
    };
    if (config.terraform?.cloud !== undefined) return "cloud";
    return Object.keys(config.terraform?.backend ?? {})[0] ?? "local";
  }

  /** A plan that leaves nothing, of machines that the stack protects neither. */
  async planDestroy(): Promise<SavedPlan> {
    return this.unprotected(async () => this.planWith(["-destroy"]));
  }

  /** A plan as `terraform show -json` tells it. */
  async show(plan: SavedPlan): Promise<unknown> {
    const { stdout } = await this.quiet("show", ["-json", plan.file]);
    return JSON.parse(stdout);
  }

  /** What exists, as `terraform show -json` tells it. */
  async state(): Promise<unknown> {
    if (this.isNew()) return {};
    const { stdout } = await this.quiet("show", ["-json"]);
    return JSON.parse(stdout);
  }

  /** Does what a plan says, and returns the outputs. The plan's file is removed: it holds all values in clear text. */
  async apply(plan: SavedPlan, onEvent: (event: TerraformEvent) => void): Promise<Readonly<Record<string, unknown>>> {
    try {
      return (await this.stream("apply", ["-input=false", ...LOCK, plan.file], [0], onEvent)).outputs;
    } finally {
      this.discard(plan);
    }
  }

  discard(plan: SavedPlan): void {
    rmSync(plan.file, { force: true });
  }

  /** The outputs of what is deployed; none if nothing is. */
  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    const { stdout } = await this.quiet("output", ["-json"]);
    const outputs = JSON.parse(stdout) as Record<string, { value: unknown }>;
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  }

  private async planWith(options: readonly string[]): Promise<SavedPlan> {
    const file = this.planFile;
    const { exitCode } = await this.stream(
      "plan",
      ["-input=false", `-out=${file}`, "-detailed-exitcode", ...LOCK, ...options],
      [0, 2],
    );
    return { file, changesAnything: exitCode === 2 };
  }

  /** Runs a command with `-json`, once more after `init` if that is all that it wants. */
  private async stream(
    command: string,
    options: readonly string[],
    expected: readonly number[],
    onEvent: (event: TerraformEvent) => void = () => undefined,
  ): Promise<{ readonly exitCode: number; readonly outputs: Readonly<Record<string, unknown>> }> {
    const attempt = async () => {
      const diagnostics: Diagnostic[] = [];
      let outputs: Readonly<Record<string, unknown>> = {};
      let tooOld: Failure | undefined;
      const result = await this.run([command, "-json", ...options], (line) => {
        const event = terraformEvent(line);
        if (event?.kind === "version") tooOld = versionFailure(event.program, event.version);
        if (event?.kind === "diagnostic") diagnostics.push(event.diagnostic);
        if (event?.kind === "outputs") outputs = event.values;
        if (event !== undefined) onEvent(event);
      });
      rememberRun(this.directory, command, result);
      if (tooOld !== undefined) throw tooOld;
      return { ...result, diagnostics, outputs };
    };
    let result = await attempt();
    if (!expected.includes(result.exitCode) && wantsInit(result.diagnostics)) {
      await this.init();
      result = await attempt();
    }
    if (result.interrupted) {
      throw new Failure("interrupted", `terraform ${command} was interrupted and has stopped in good order`, {
        code: "interrupted",
        remedy: "run the same command again: it goes on where this one stopped",
      });
    }
    if (!expected.includes(result.exitCode)) {
      const plain = lastLines(`${result.stdout.replace(/^\{.*$/gm, "")}\n${result.stderr}`).join("\n");
      throw terraformFailure(command, result.diagnostics, plain);
    }
    return result;
  }

  /** What stands in an override file goes before the definition, and into a plan that is made meanwhile; nothing else sees it. */
  private async unprotected<T>(work: () => Promise<T>): Promise<T> {
    const lifted = withoutPreventDestroy(JSON.parse(readFileSync(join(this.directory, "cdk.tf.json"), "utf8")));
    if (lifted === undefined) return work();
    try {
      writeFileSync(this.override, JSON.stringify(lifted));
      return await work();
    } finally {
      rmSync(this.override, { force: true });
    }
  }

  /** Terraform reads files of such names last: https://developer.hashicorp.com/terraform/language/files/override */
  private get override(): string {
    return join(this.directory, "ohpc_override.tf.json");
  }

  /** Runs a command that answers at once; after `init` if nobody has run that yet. */
  private async quiet(command: string, options: readonly string[]): Promise<ChildResult> {
    let result = await this.run([command, ...options]);
    if (result.exitCode !== 0) {
      await this.init();
      result = await this.run([command, ...options]);
    }
    if (result.exitCode !== 0) throw terraformFailure(command, [], result.stderr);
    return result;
  }

  private async init(): Promise<void> {
    // One that is too old changes nothing but its own folder.
    const [{ stdout }, { exitCode, stderr, stdout: said }] = await Promise.all([
      this.run(["version", "-json"]),
      this.run(["init", "-input=false", "-no-color"]),
    ]);
    const version = /"terraform_version":\s*"([^"]+)"/.exec(stdout)?.[1];
    const tooOld = version === undefined ? undefined : versionFailure(this.program, version);
    if (tooOld !== undefined) throw tooOld;
    if (exitCode !== 0) throw terraformFailure("init", [], `${said}\n${stderr}`);
    mkdirSync(join(this.directory, ".terraform"), { recursive: true });
    writeFileSync(this.initMark, this.initKey());
  }

  private async run(args: readonly string[], onLine?: (line: string) => void): Promise<ChildResult> {
    return runChild(this.binary, args, {
      cwd: this.directory,
      env: { ...this.leisure(), ...this.env },
      finishOnInterrupt: true,
      onLine,
    });
  }

  /**
   * Terraform alone, without providers, uses a third of its time to keep below 100 MB; it may have a few times as much.
   * Providers would inherit that, and they are not small.
   */
  private leisure(): NodeJS.ProcessEnv {
    const { terraform } = this.config();
    const providers = providersSchema.safeParse(terraform).data?.required_providers ?? {};
    return Object.keys(providers).length === 0 ? { GOGC: "400" } : {};
  }

  /** Whether there is no state yet. Only of one that is a file here can that be told without asking; workspaces have others. */
  private isNew(): boolean {
    if (this.env["TF_WORKSPACE"] !== undefined || existsSync(join(this.directory, ".terraform", "environment")))
      return false;
    const { terraform } = this.config();
    const path = localStateSchema.safeParse(terraform).data?.backend.local.path;
    return path !== undefined && !existsSync(resolve(this.directory, path));
  }

  private config(): Record<string, unknown> {
    return JSON.parse(readFileSync(join(this.directory, "cdk.tf.json"), "utf8")) as Record<string, unknown>;
  }

  private get program(): "terraform" | "tofu" {
    return this.binary.includes("tofu") ? "tofu" : "terraform";
  }

  private get planFile(): string {
    return join(this.directory, ".terraform", "ohpc.tfplan");
  }

  private get initMark(): string {
    return join(this.directory, ".terraform", "ohpc-init");
  }

  /** Everything that `init` depends on. */
  private initKey(): string {
    const config = this.config();
    const modules = Object.values((config["module"] ?? {}) as Record<string, { source?: unknown; version?: unknown }>);
    const sources = modules.map(({ source, version }) => [source, version]);
    const key = JSON.stringify([this.binary, config["terraform"], sources]);
    return createHash("sha256").update(key).digest("hex");
  }
}

const providersSchema = z.object({ required_providers: z.record(z.string(), z.unknown()).default({}) });
const localStateSchema = z.object({ backend: z.object({ local: z.object({ path: z.string() }) }) });

/** Another `ohpc` is kept away by our own lock; this waits for a terraform that outlived a killed one. */
const LOCK = ["-lock-timeout=15s"];
