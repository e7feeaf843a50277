import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { didYouMean } from "../../model/problems";
import { appFailure } from "./app-failure";
import { runChild } from "../exec/child";
import { Failure } from "../feedback/failure";

/** A directory with a cdktf.json: where stacks are written down. */
export interface Project {
  readonly directory: string;
  /** The command that synthesizes, run by the shell in `directory`. */
  readonly app: string;
  /** Where synthesized stacks lie. */
  readonly output: string;
  /** Given to the app, as cdktf does. */
  readonly context: Readonly<Record<string, unknown>>;
}

/** What an app made. */
export interface Synthesis {
  readonly stacks: readonly SynthesizedStack[];
}

export interface SynthesizedStack {
  readonly name: string;
  /** Where its cdk.tf.json and cluster.json lie, and Terraform runs. */
  readonly directory: string;
  /** Stacks whose outputs it uses. */
  readonly dependencies: readonly string[];
  /** What the app finds unusual. */
  readonly warnings: readonly string[];
}

/**
 * The project that `from` lies in.
 *
 * @throws Failure if there is none, or its cdktf.json has no app
 */
export function findProject(from: string, env: NodeJS.ProcessEnv): Project {
  const directory = [from, ...ancestors(from)].find((candidate) => existsSync(join(candidate, "cdktf.json")));
  if (directory === undefined) {
    throw new Failure("usage", `there is no cdktf.json in ${from} or above it`, {
      code: "project.missing",
      remedy: "go to the directory of your CDKTF project, or below it",
    });
  }
  const file = join(directory, "cdktf.json");
  const parsed = configSchema.safeParse(parseJson(readFileSync(file, "utf8"), file));
  if (!parsed.success) {
    throw new Failure("usage", `${file} is not right:\n${z.prettifyError(parsed.error)}`, { code: "project.config" });
  }
  const { app, output, context } = parsed.data;
  const chosen = env["CDKTF_OUTDIR"] ?? output;
  return { directory, app, output: isAbsolute(chosen) ? chosen : join(directory, chosen), context };
}

/**
 * Runs the app, as `cdktf synth` would. An app with many stacks may build only the one that `OHPC_STACK` names; one that
 * does not look there builds all of them.
 *
 * @throws Failure telling what the app refused, or how it ended
 */
export async function synthesize(project: Project, env: NodeJS.ProcessEnv, wanted?: string): Promise<Synthesis> {
  const variables = Object.entries(env).filter(([name]) => !name.startsWith("TF_VAR_"));
  const given: unknown = parseJson(env["CDKTF_CONTEXT_JSON"] ?? "{}", "CDKTF_CONTEXT_JSON");
  const { exitCode, stdout, stderr } = await runChild(project.app, [], {
    cwd: project.directory,
    shell: true,
    env: {
      ...Object.fromEntries(variables),
      CDKTF_OUTDIR: project.output,
      CDKTF_CONTEXT_JSON: JSON.stringify({ ...project.context, ...(given as object) }),
      CHECKPOINT_DISABLE: "1",
      ...(wanted !== undefined && { OHPC_STACK: wanted }),
    },
  });
  if (exitCode !== 0) throw appFailure(project.app, exitCode, stdout, stderr);
  const synthesis = readManifestFile(project);
  if (synthesis === undefined) {
    throw new Failure("failed", `the app wrote no stacks to ${project.output}`, {
      code: "app.silent",
      remedy: "call app.synth() at the end of the app",
    });
  }
  return synthesis;
}

/** What runs of the app have made: all stacks of the last one, and those that it was not asked for; `undefined` if it never ran. */
export function readSynthesis(project: Project): Synthesis | undefined {
  const last = readManifestFile(project);
  if (last === undefined) return undefined;
  const folder = join(project.output, "stacks");
  const earlier = (existsSync(folder) ? readdirSync(folder) : []).filter(
    (name) => existsSync(join(folder, name, "cdk.tf.json")) && !last.stacks.some((stack) => stack.name === name),
  );
  const stacks = earlier.map((name) => ({ name, directory: join(folder, name), dependencies: [], warnings: [] }));
  return { stacks: [...last.stacks, ...stacks] };
}

/** What the last run of the app made. */
function readManifestFile(project: Project): Synthesis | undefined {
  const file = join(project.output, "manifest.json");
  if (!existsSync(file)) return undefined;
  const { stacks } = synthesisSchema.parse(parseJson(readFileSync(file, "utf8"), file));
  return {
    stacks: Object.values(stacks).map(({ name, workingDirectory, dependencies, annotations }) => ({
      name,
      directory: join(project.output, workingDirectory),
      dependencies,
      warnings: annotations
        .filter(({ level }) => level === "@cdktf/warn")
        .map(({ constructPath, message }) => `${constructPath}: ${message}`),
    })),
  };
}

/**
 * The stack of that name.
 *
 * @throws Failure naming those that exist
 */
export function stackNamed({ stacks }: Synthesis, name: string): SynthesizedStack {
  const stack = stacks.find((candidate) => candidate.name === name);
  if (stack !== undefined) return stack;
  const names = stacks.map((candidate) => candidate.name);
  throw new Failure("usage", `the app has no stack ${JSON.stringify(name)}`, {
    code: "stack.unknown",
    remedy: [didYouMean(name, names), `it has ${names.length === 0 ? "none" : names.join(", ")}`]
      .filter(Boolean)
      .join(" "),
  });
}

/** The stacks that must be deployed before `stack`, in that order, and `stack` itself at the end. */
export function withDependencies(synthesis: Synthesis, stack: SynthesizedStack): readonly SynthesizedStack[] {
  const ordered = new Set<SynthesizedStack>();
  const visit = (visited: SynthesizedStack) => {
    for (const dependency of visited.dependencies) visit(stackNamed(synthesis, dependency));
    ordered.add(visited);
  };
  visit(stack);
  return [...ordered];
}

const configSchema = z.looseObject({
  app: z.string().min(1),
  output: z.string().min(1).default("cdktf.out"),
  context: z.record(z.string(), z.unknown()).default({}),
});

const synthesisSchema = z.looseObject({
  stacks: z.record(
    z.string(),
    z.looseObject({
      name: z.string(),
      workingDirectory: z.string(),
      dependencies: z.array(z.string()).default([]),
      annotations: z
        .array(z.looseObject({ constructPath: z.string(), level: z.string(), message: z.string() }))
        .default([]),
    }),
  ),
});

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure("usage", `${what} is not JSON: ${why}`, { code: "project.json" });
  }
}

function ancestors(from: string): string[] {
  const parent = dirname(resolve(from));
  return parent === from ? [] : [parent, ...ancestors(parent)];
}
