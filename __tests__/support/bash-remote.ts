import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { type Remote, RemoteError, type RunOptions } from "../../lib/operate/exec/remote/remote";
import { endOfBoth, LineCutter, Tail } from "../../lib/operate/exec/remote/tail";

/** This machine as a `Remote`, without SSH: its scripts run in bash as they would on the far side. */
export class BashRemote implements Remote {
  readonly host = "master";
  /** How often a script was run: round trips, if it were far away. */
  runs = 0;

  async run(script: string, { args = [], input = "", onErrorLine }: RunOptions = {}): Promise<string> {
    this.runs++;
    const child = spawn("bash", ["--norc", "-c", `set -euo pipefail\n${script}`, "bash", ...args], { stdio: "pipe" });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    let stdout = "";
    const [output, errors] = [new Tail(), new Tail()];
    const out = new LineCutter((line) => {
      output.add(line);
    });
    const err = new LineCutter((line) => {
      errors.add(line);
      onErrorLine?.(line);
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      out.add(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err.add(text);
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    out.end();
    err.end();
    if (code !== 0) throw new RemoteError(this.host, "failed", code ?? undefined, endOfBoth(output, errors));
    return stdout;
  }

  async read(path: string): Promise<string | undefined> {
    return readFile(path, "utf8").catch(() => undefined);
  }

  async write(path: string, content: string, mode: string): Promise<void> {
    await writeFile(path, content, { mode: Number.parseInt(mode, 8) });
  }
}
