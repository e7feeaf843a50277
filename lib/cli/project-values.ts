import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { SPEC_FILE } from "../model/schema-numbers";
import { expandHosts } from "../slurm/hostlist";
import type { ProjectValue } from "./completion-script";

/** A cluster of thousands is not chosen from a list. */
const MOST = 1000;

/** What a shell may be offered: what none of them takes for something else. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * What the project in a directory, or above it, has of a kind, as its stacks were last synthesized. Whoever presses Tab
 * waits for it: no app is run, no schema is read, and what cannot be read is nothing.
 */
export function projectValues(
  kind: ProjectValue,
  stack: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): readonly string[] {
  try {
    const output = outputOf(resolve(cwd), env);
    if (output === undefined) return [];
    const all =
      kind === "stacks" ? stacksIn(output) : PLAIN.test(stack) ? valuesIn(join(output, "stacks", stack), kind) : [];
    return [...new Set(all)].filter((value) => typeof value === "string" && PLAIN.test(value)).slice(0, MOST);
  } catch {
    return [];
  }
}

function outputOf(directory: string, env: NodeJS.ProcessEnv): string | undefined {
  const file = join(directory, "cdktf.json");
  if (!existsSync(file)) return directory === dirname(directory) ? undefined : outputOf(dirname(directory), env);
  const { output = "cdktf.out" } = readJson(file) as { output?: string };
  const chosen = env["CDKTF_OUTDIR"] ?? output;
  return isAbsolute(chosen) ? chosen : join(directory, chosen);
}

function stacksIn(output: string): readonly string[] {
  const { stacks } = readJson(join(output, "manifest.json")) as { stacks: object };
  const folder = join(output, "stacks");
  return [...Object.keys(stacks), ...(existsSync(folder) ? readdirSync(folder) : [])];
}

interface Names {
  readonly name: string;
}

function valuesIn(directory: string, kind: Exclude<ProjectValue, "stacks">): readonly string[] {
  if (kind === "hosts") {
    const document = readJson(join(directory, "cdk.tf.json")) as {
      output: { cluster: { value: { master: { host: string }; pools: { hosts: string }[] } } };
    };
    const { master, pools } = document.output.cluster.value;
    return [master.host, ...pools.flatMap(({ hosts }) => expandHosts(hosts))];
  }
  const spec = readJson(join(directory, SPEC_FILE)) as {
    pools: Names[];
    partitions: Names[];
    users: { users: Names[] };
  };
  const named = kind === "users" ? spec.users.users : spec[kind];
  return named.map(({ name }) => name);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
