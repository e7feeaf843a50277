import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODES } from "../../lib/operate/feedback/failure";
import { removeLeftovers } from "../../lib/clouds/local/leftovers";
import { Place } from "./place";
import type { Definition } from "./scenario-stack";

const ROOT = join(__dirname, "..", "..");

/** The compiled program. */
export const OHPC = join(ROOT, "dist", "cli", "main.js");

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project of its own with one stack and a place for its cluster, run through the compiled `ohpc` as a user would. */
export class ScenarioProject {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  users: string;

  readonly definition: { -readonly [K in keyof Definition]: Definition[K] };
  private readonly place: Place;

  /**
   * @param title in a word, what it is for
   * @param of whose copy it is: another folder for the same operator, with the same definition and no state
   */
  constructor(title: string, definition: Omit<Definition, "cluster" | "subnet" | "sshPort">, of?: ScenarioProject) {
    this.place = of?.place ?? Place.take(title, { containers: true });
    const { name, subnet } = this.place;
    this.definition =
      of === undefined ? { cluster: name, subnet, sshPort: this.place.port(), ...definition } : { ...of.definition };
    this.users = of?.users ?? "";
    this.directory = join(ROOT, ".build", of === undefined ? name : `${name}-${title}`);
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { recursive: true });
    this.env = of?.env ?? { ...process.env, XDG_STATE_HOME: join(this.directory, "state"), CHECKPOINT_DISABLE: "1" };
    const stack = join(ROOT, "__tests__", "support", "scenario-stack.ts");
    const tsx = require.resolve("tsx/cjs");
    writeFileSync(
      join(this.directory, "cdktf.json"),
      JSON.stringify({ language: "typescript", app: `node -r ${tsx} ${stack}` }),
    );
  }

  /** Another folder, made from this one by who did not bring its state along. */
  copy(): ScenarioProject {
    return new ScenarioProject("copy", this.definition, this);
  }

  get privateDirectory(): string {
    return join(this.directory, "state", "ohpc", this.definition.cluster);
  }

  save(): void {
    writeFileSync(join(this.directory, "definition.json"), JSON.stringify(this.definition));
    writeFileSync(join(this.directory, "users.yaml"), this.users);
  }

  /** Runs `ohpc VERB scenario ARGS…`; a verb may have two words. It may change the users file. */
  async ohpc(verb: string, ...args: string[]): Promise<Outcome> {
    this.save();
    const words = [...verb.split(" "), "scenario", ...args];
    const outcome = await run(process.execPath, [OHPC, ...words], this.directory, this.env);
    if (words[0] === "users") this.users = readFileSync(join(this.directory, "users.yaml"), "utf8");
    return outcome;
  }

  /** Runs `ohpc` with these words alone, in the project's folder. */
  async run(...args: string[]): Promise<Outcome> {
    return run(process.execPath, [join(ROOT, "dist", "cli", "main.js"), ...args], this.directory, this.env);
  }

  /** As `ohpc`, but anything else than exit code 0 is an error that shows all output; `status` may find something. */
  async must(verb: string, ...args: string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await this.ohpc(verb, ...args, "--json");
    const found = verb === "status" && code === EXIT_CODES.attention;
    if (code !== 0 && !found)
      throw new Error(`ohpc ${verb} ${args.join(" ")}: exit code ${code}\n${stdout}\n${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** A command on the master, as root. */
  async onMaster(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.ohpc("ssh", "--", command);
    if (code !== 0) throw new Error(`on the master: ${command}: exit code ${code}\n${stdout}\n${stderr}`);
    return stdout.trim();
  }

  /** What plain Terraform says that it would do. */
  async terraformPlan(): Promise<string> {
    const stack = join(this.directory, "cdktf.out", "stacks", "scenario");
    const { stdout, stderr } = await run("terraform", ["plan", "-no-color", "-input=false"], stack, this.env);
    return `${stdout}${stderr}`;
  }

  /** Whether any file of the project, but the private directory, holds `secret`. */
  filesWith(secret: string): readonly string[] {
    return readdirSync(this.directory, { recursive: true, encoding: "utf8" })
      .filter((name) => !name.startsWith("state") && statSync(join(this.directory, name)).isFile())
      .filter((name) => readFileSync(join(this.directory, name)).includes(secret));
  }

  /** With everything in the engine, also after a test that failed. */
  async remove(): Promise<void> {
    await removeLeftovers(this.definition.cluster, this.env);
    this.place.release();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    // A letter may come in two pieces.
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}

/** Asks until `condition` holds; what it last saw is in the error. */
export async function until(what: string, condition: () => Promise<true | string>, seconds = 200): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await condition();
    if (seen === true) return;
    if (Date.now() > deadline) throw new Error(`${what}: not so after ${seconds} s; last seen: ${seen}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** A key pair of a user, the public half as a line. */
export function makeKey(path: string): string {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "scenario", "-f", path]);
  return readFileSync(`${path}.pub`, "utf8").trim();
}
