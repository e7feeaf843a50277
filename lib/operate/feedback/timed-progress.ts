import type { Progress, Report } from "./progress";

export interface PhaseTime {
  readonly phase: string;
  readonly seconds: number;
}

/** Remembers how long each phase took. */
export class TimedProgress implements Progress {
  private readonly times: PhaseTime[] = [];
  private readonly started = Date.now();

  constructor(private readonly shown: Progress) {}

  get phases(): readonly PhaseTime[] {
    return this.times;
  }

  /** Since the first moment, with what lies between phases. */
  get seconds(): number {
    return secondsSince(this.started);
  }

  async phase<T>(title: string, work: (report: Report) => Promise<T>): Promise<T> {
    const started = Date.now();
    try {
      return await this.shown.phase(title, work);
    } finally {
      this.times.push({ phase: title, seconds: secondsSince(started) });
    }
  }

  note(line: string): void {
    this.shown.note(line);
  }
}

function secondsSince(start: number): number {
  return Math.round((Date.now() - start) / 10) / 100;
}
