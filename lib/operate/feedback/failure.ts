/** How `ohpc` ends: the number that a shell sees. */
export const EXIT_CODES = {
  done: 0,
  failed: 1,
  usage: 2,
  consent: 3,
  busy: 4,
  unreachable: 5,
  proof: 6,
  changes: 7,
  attention: 8,
  interrupted: 130,
} as const;
export type FailureKind = Exclude<keyof typeof EXIT_CODES, "done" | "changes">;

export interface FailureDetails {
  /** Short and stable, for searching and scripts: `terraform.port-taken`. */
  readonly code: string;
  /** Why it happened, as far as is known. */
  readonly cause?: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** The end of what the failed program wrote. */
  readonly output?: readonly string[];
}

/** Something that the tool could not do, with what people need to mend it. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly kind: FailureKind,
    /** What did not work, as one sentence without its full stop. */
    message: string,
    readonly details: FailureDetails,
  ) {
    super(message);
  }
}
