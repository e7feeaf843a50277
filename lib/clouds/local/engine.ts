import { spawn, type ChildProcess } from "node:child_process";
import { pipeline } from "node:stream";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { enginePrelude } from "./engine-prelude";
import type { EngineName, EngineWanted } from "./engine-prelude";

export { enginePrelude };
export type { EngineName, EngineWanted };

export interface EngineOptions extends EngineWanted {
  /** For the command's standard input. @default - none */
  readonly input?: string | Readable;
  /** Told every line that the command writes to its standard error or output, as it comes. */
  readonly onLine?: (line: string) => void;
  /** @default - wait for ever */
  readonly timeoutSeconds?: number;
  /** @default - this process's environment */
  readonly env?: NodeJS.ProcessEnv;
}

/** `none`: no engine works here; `permission`: there is one, but not for this user; `silent`: it does not answer; `failed`: it refused or failed. */
export type EngineErrorKind = "none" | "permission" | "silent" | "failed";

/** Something that the container engine did not do. */
export class EngineError extends Error {
  override readonly name = "EngineError";

  constructor(
    readonly kind: EngineErrorKind,
    message: string,
    /** The command's exit code; absent when it never ran or was stopped. */
    readonly code?: number,
  ) {
    super(message);
  }
}

/** A command line, for who starts it himself (e.g. with a terminal). */
export interface EngineCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** `engine ARGS` as a command line: `{ file: "bash", args: [...] }`. */
export function engineCommand(args: readonly string[], wanted: EngineWanted = {}): EngineCommand {
  return scriptCommand('engine "$@"', args, wanted);
}

/**
 * Runs the container engine with these arguments.
 *
 * @returns its standard output
 * @throws EngineError telling what it said
 */
export function runEngine(args: readonly string[], options: EngineOptions = {}): Promise<string> {
  return run(engineCommand(args, options), args.join(" "), options);
}

/**
 * Runs a bash script in which `engine` is the container engine; values go in `args`, where the script sees `$1`, `$2`…
 *
 * @throws EngineError
 */
export function runEngineScript(
  script: string,
  args: readonly string[] = [],
  options: EngineOptions = {},
): Promise<string> {
  return run(scriptCommand(script, args, options), script.trim().split("\n")[0] ?? "", options);
}

/** Which engine is in use: the one that the cluster was made with, or the one that would be taken. */
export async function engineName(wanted: EngineWanted = {}): Promise<EngineName> {
  return (await runEngineScript('printf %s "$engine_name"', [], wanted)) === "docker" ? "docker" : "podman";
}

/**
 * Runs a whole bash script that needs nothing from here, such as `script()` renders.
 *
 * @param title what messages call it
 * @throws EngineError
 */
export function runBash(
  text: string,
  title: string,
  options: Omit<EngineOptions, keyof EngineWanted> = {},
): Promise<string> {
  return run({ file: "bash", args: ["-c", text] }, title, options);
}

function scriptCommand(script: string, args: readonly string[], wanted: EngineWanted): EngineCommand {
  return { file: "bash", args: ["-c", `set -euo pipefail\n${enginePrelude(wanted)}${script}`, "ohpc", ...args] };
}

/** The last lines are where engines say what went wrong. */
const KEPT_LINES = 50;

async function run({ file, args }: EngineCommand, title: string, options: EngineOptions): Promise<string> {
  const { input, onLine, timeoutSeconds, env = process.env } = options;
  // A group of its own, so that bash and the engine end together: when their time is over, or with this process.
  const child = spawn(file, args, {
    env,
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    detached: true,
  });
  const withUs = () => {
    signalGroup(child, "SIGTERM");
  };
  process.once("exit", withUs);
  const limit = timeoutSeconds === undefined ? undefined : setTimeout(endGroup, timeoutSeconds * 1000, child);
  // The engine may end before it has read everything (EPIPE); its exit code tells the story.
  if (typeof input === "string") child.stdin?.on("error", () => undefined).end(input);
  else if (input !== undefined && child.stdin !== null) pipeline(input, child.stdin, () => undefined);

  const output: Buffer[] = [];
  let said: string[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  if (onLine !== undefined && child.stdout !== null) eachLine(child.stdout, onLine);
  if (child.stderr !== null) {
    eachLine(child.stderr, (line) => {
      said = [...said, line].slice(-KEPT_LINES);
      onLine?.(line);
    });
  }
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, exitSignal) => {
      resolve({ code: exitCode, signal: exitSignal });
    });
  }).finally(() => {
    clearTimeout(limit);
    process.off("exit", withUs);
  });
  if (code === 0) return Buffer.concat(output).toString("utf8");
  throw engineError({ title, code: code ?? undefined, signal, said: said.join("\n"), timeoutSeconds });
}

interface Failure {
  readonly title: string;
  readonly code: number | undefined;
  readonly signal: string | null;
  readonly said: string;
  readonly timeoutSeconds: number | undefined;
}

function engineError({ title, code, signal, said, timeoutSeconds }: Failure): EngineError {
  if (code === 69 && /container engine|is not installed|does not (answer|work)|must be podman or docker/.test(said)) {
    return new EngineError("none", said, code);
  }
  if (code === 75 && said.includes("The container engine does not answer")) {
    return new EngineError("silent", said.slice(said.indexOf("The container engine does not answer")), code);
  }
  if (code === 77 && said.includes("no permission to use")) return new EngineError("permission", said, code);
  if (/permission denied while trying to connect to the docker/i.test(said))
    return new EngineError("permission", said, code);
  const limit = timeoutSeconds === undefined ? "" : ` (it may take ${timeoutSeconds} s)`;
  const how = code === undefined ? `was ended by ${signal ?? "a signal"}${limit}` : `failed with exit code ${code}`;
  return new EngineError("failed", `the container engine: ${title} ${how}${said === "" ? "" : `:\n${said}`}`, code);
}

/** `engine run` in the foreground hands SIGTERM on to a container that may ignore it. */
const GRACE_MILLISECONDS = 3000;

/** Ends a command with all that it started. */
function endGroup(child: ChildProcess): void {
  const kill = setTimeout(signalGroup, GRACE_MILLISECONDS, child, "SIGKILL");
  child.once("close", () => {
    clearTimeout(kill);
  });
  signalGroup(child, "SIGTERM");
}

function signalGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function eachLine(stream: Readable, tell: (line: string) => void): void {
  let rest = "";
  const decoder = new StringDecoder("utf8");
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(tell);
  });
  stream.on("end", () => {
    if (rest !== "") tell(rest);
  });
}
