/** Shows people what is going on. The CLI's draws it; tests' only remembers. */
export interface Progress {
  /** One phase of work, shown from its start to its end, with the time it took. */
  phase<T>(title: string, work: (report: Report) => Promise<T>): Promise<T>;
  /** A line that stays: a warning, something that was decided. */
  note(line: string): void;
}

/** What a phase tells while it runs. */
export interface Report {
  /** Replaces the phase's title, e.g. by `nodes idle: 3 of 5`. */
  title(title: string): void;
  /** The latest of what is going on inside the phase, e.g. `cpu-1 created`. */
  detail(line: string): void;
}
