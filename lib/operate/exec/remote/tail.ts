/** How much of a failed script's output is kept for the message. */
export const KEPT_LINES = 50;

/** Remembers the last lines of what a program writes, as it writes it. */
export class Tail {
  private readonly lines: string[] = [];

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > KEPT_LINES) this.lines.shift();
  }

  toString(): string {
    return this.lines.join("\n");
  }
}

/** Cuts a stream of text into lines; `end` hands over the last one, which may lack its newline. */
export class LineCutter {
  private rest = "";

  constructor(private readonly onLine: (line: string) => void) {}

  add(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    lines.forEach(this.onLine);
  }

  end(): void {
    if (this.rest !== "") this.onLine(this.rest);
    this.rest = "";
  }
}
