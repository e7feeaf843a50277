/** How much of a failed script's output is kept for the message. */
export const KEPT_LINES = 50;

/** What is longer is no line for people: a file without ends of lines, or a bar that is drawn over itself. */
const LONGEST_LINE = 2000;

/** What standard output keeps of these lines, however much there is on standard error: what was going on. */
const LEAST_OUTPUT = 10;

/** Remembers the last lines of one stream, as a program writes it. */
export class Tail {
  private readonly lines: string[] = [];

  add(line: string): void {
    this.lines.push(line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line);
    if (this.lines.length > KEPT_LINES) this.lines.shift();
  }

  get length(): number {
    return this.lines.length;
  }

  last(count: number): readonly string[] {
    return this.lines.slice(this.lines.length - Math.min(count, this.lines.length));
  }
}

/**
 * The end of what a program wrote, as one text: standard output, and after it standard error, which tells why. Each stream
 * is in its own order; how they lay between each other, two pipes do not tell.
 */
export function endOfBoth(stdout: Tail, stderr: Tail): string {
  const ofOutput = Math.min(stdout.length, Math.max(KEPT_LINES - stderr.length, LEAST_OUTPUT));
  return [...stdout.last(ofOutput), ...stderr.last(KEPT_LINES - ofOutput)].join("\n");
}

/** Cuts a stream of text into lines; `end` hands over the last one, which may lack its newline. */
export class LineCutter {
  private rest = "";

  constructor(private readonly onLine: (line: string) => void) {}

  add(text: string): void {
    // A line that comes in thousands of pieces is not looked through again with each.
    const [first = "", ...others] = text.split("\n");
    const lines = [this.rest + first, ...others];
    this.rest = lines.pop() ?? "";
    lines.forEach(this.onLine);
  }

  end(): void {
    if (this.rest !== "") this.onLine(this.rest);
    this.rest = "";
  }
}
