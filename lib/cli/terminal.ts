import { createInterface } from "node:readline/promises";
import type { Progress } from "../operate/feedback/progress";
import { lazy } from "../package/lazy";
import type * as Live from "./live-progress";
import { type LineOptions, shown, writeDocument, writeLines } from "./output";
import { PlainProgress } from "./plain-progress";

/** Only a terminal needs what draws on it; it takes 60 ms to load. */
const live = lazy(() => require("./live-progress") as typeof Live);

/** What people may be shown, and where: `--json` keeps standard output for one document. */
export interface TerminalOptions {
  readonly json: boolean;
}

/** Where a verb shows its progress and its result. */
export class Terminal {
  readonly progress: Progress;
  readonly json: boolean;

  constructor({ json }: TerminalOptions) {
    this.json = json;
    this.progress = json ? new PlainProgress(process.stderr) : progressOn(process.stdout);
  }

  /** The verb's result: one JSON document, or the lines that people read. */
  result(document: object, lines: () => readonly string[], options: Pick<LineOptions, "longest"> = {}): void {
    if (this.json) writeDocument(document);
    else writeLines(lines(), options);
  }

  /** Whether there is somebody to ask. */
  get canAsk(): boolean {
    return !this.json && process.stdin.isTTY && process.stdout.isTTY;
  }

  /** What somebody answers to a question; an empty text when they press Ctrl-D. */
  async ask(question: string): Promise<string> {
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    const closed = new AbortController();
    lines.on("close", () => {
      closed.abort();
    });
    lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    try {
      return (await lines.question(shown(question), { signal: closed.signal })).trim();
    } catch {
      return "";
    } finally {
      lines.close();
    }
  }
}

function progressOn(stream: NodeJS.WriteStream): Progress {
  // A terminal that does not tell its size cannot be drawn on.
  if (!stream.isTTY || process.env["TERM"] === "dumb" || !(stream.rows > 0)) return new PlainProgress(stream);
  return new (live().LiveProgress)();
}
