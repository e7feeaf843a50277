import type { Progress, Report } from "../operate/feedback/progress";
import { writeLines } from "./output";

/** A line when a phase begins to tell something, and one when it has ended: for logs and pipes. */
export class PlainProgress implements Progress {
  constructor(private readonly stream: NodeJS.WritableStream) {}

  async phase<T>(title: string, work: (report: Report) => Promise<T>): Promise<T> {
    const started = Date.now();
    let now = title;
    let last = "";
    this.line(`- ${title} ...`);
    const report: Report = {
      title: (next) => {
        if (next !== now) this.line(`  ${next}`);
        now = next;
      },
      detail: (line) => {
        if (line !== last) this.line(`    ${line}`);
        last = line;
      },
    };
    try {
      const result = await work(report);
      this.line(`+ ${now} (${seconds(started)})`);
      return result;
    } catch (error) {
      this.line(`x ${now} (${seconds(started)})`);
      throw error;
    }
  }

  note(line: string): void {
    this.line(`! ${line}`);
  }

  private line(text: string): void {
    writeLines([text], { stream: this.stream });
  }
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
