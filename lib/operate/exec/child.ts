import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface ChildOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs `command` as a line of shell, as cdktf does with the app. */
  readonly shell?: boolean;
  /** Called with each line of standard output as it arrives. */
  readonly onLine?: (line: string) => void;
  /**
   * Lets the program finish what it is doing when people press Ctrl-C: it gets one interrupt per key press, and we wait.
   *
   * @default false
   */
  readonly finishOnInterrupt?: boolean;
}

export interface ChildResult {
  /** 128 + the signal's number if a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether we were asked to stop while it ran. */
  readonly interrupted: boolean;
}

let waitedFor = 0;

/** Whether a program runs that has been promised to get to its end. */
export function waitsForChildren(): boolean {
  return waitedFor > 0;
}

/**
 * Runs a program to its end, whatever its exit code.
 *
 * @throws NodeJS.ErrnoException when it cannot be started
 */
export async function runChild(
  command: string,
  args: readonly string[],
  { cwd, env, shell = false, onLine, finishOnInterrupt = false }: ChildOptions,
): Promise<ChildResult> {
  // In a process group of its own, or the terminal's Ctrl-C would reach it besides ours: two interrupts mean "at once".
  const child = spawn(command, args, {
    cwd,
    env,
    shell,
    detached: finishOnInterrupt,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    child.kill("SIGINT");
  };
  if (finishOnInterrupt) {
    waitedFor++;
    for (const signal of INTERRUPTS) process.on(signal, interrupt);
  }
  try {
    return await new Promise<ChildResult>((resolve, reject) => {
      let stdout = "";
      let stderr = "";
      let line = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
        if (onLine === undefined) return;
        const lines = (line + text).split("\n");
        line = lines.pop() ?? "";
        lines.forEach(onLine);
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      child.on("error", reject);
      child.on("close", (code, signal) => {
        if (line !== "") onLine?.(line);
        const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
        resolve({ exitCode, stdout, stderr, interrupted });
      });
    });
  } finally {
    if (finishOnInterrupt) waitedFor--;
    for (const signal of INTERRUPTS) process.off(signal, interrupt);
  }
}

const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
