import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { didYouMean } from "../../model/problems";
import { runChild } from "../exec/child";
import { Failure } from "../feedback/failure";
import { appFailure } from "./app-failure";
import { findProject, parseJson, type Place, type Project } from "./project";

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

/** The stack as it was last synthesized; the app runs only if it never did, or made no such stack. */
export async function openStack(
  name: string,
  { cwd, env }: Place,
): Promise<{ readonly project: Project; readonly stack: SynthesizedStack }> {
  const project = findProject(cwd, env);
  const last = readSynthesis(project);
  const known = last?.stacks.find((stack) => stack.name === name && existsSync(join(stack.directory, "cdk.tf.json")));
  return { project, stack: known ?? stackNamed(await synthesize(project, env, name), name) };
}

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
