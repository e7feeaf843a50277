import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { type Remote, RemoteError, type RunOptions } from "../../lib/operate/exec/remote/remote";
import { LineCutter } from "../../lib/operate/exec/remote/tail";

/** This machine as a `Remote`, without SSH: its scripts run in bash as they would on the far side. */
export class BashRemote implements Remote {
  readonly host = "master";
  /** How often a script was run: round trips, if it were far away. */
  runs = 0;

  async run(script: string, { args = [], input = "", onErrorLine }: RunOptions = {}): Promise<string> {
    this.runs++;
    const child = spawn("bash", ["-c", `set -euo pipefail\n${script}`, "bash", ...args], { stdio: "pipe" });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    const errors = new LineCutter((line) => onErrorLine?.(line));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      errors.add(text);
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    if (code !== 0) throw new RemoteError(this.host, "failed", code ?? undefined, output.trimEnd());
    return stdout;
  }

  async read(path: string): Promise<string | undefined> {
    return readFile(path, "utf8").catch(() => undefined);
  }

  async write(path: string, content: string, mode: string): Promise<void> {
    await writeFile(path, content, { mode: Number.parseInt(mode, 8) });
  }
}
