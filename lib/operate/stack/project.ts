import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
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

/** Where to look, and whose environment. */
export interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
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
    throw new Failure("usage", `${file} ${wrongWords(parsed.error)}`, {
      code: "project.config",
      remedy: `give it what cdktf itself reads: "app", the command that runs the app; "output", a directory; "context", an object`,
    });
  }
  const { app, output, context } = parsed.data;
  const chosen = env["CDKTF_OUTDIR"] ?? output;
  return { directory, app, output: isAbsolute(chosen) ? chosen : join(directory, chosen), context };
}

/** The keys that are wrong, e.g. `is not right: app`. */
function wrongWords({ issues }: z.core.$ZodError): string {
  const keys = [...new Set(issues.map(({ path }) => String(path[0] ?? "it is no object")))];
  return `is not right: ${keys.join(", ")}`;
}

const configSchema = z.looseObject({
  app: z.string().min(1),
  output: z.string().min(1).default("cdktf.out"),
  context: z.record(z.string(), z.unknown()).default({}),
});

/** @throws Failure telling what is no JSON */
export function parseJson(text: string, what: string): unknown {
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
