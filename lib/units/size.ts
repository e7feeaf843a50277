/**
 * An amount of memory or disk.
 *
 * Held in MiB, because that is what Slurm's `RealMemory` counts in and every cloud's sizes are whole multiples of it.
 */
export class Size {
  static mebibytes(amount: number): Size {
    return new Size(amount);
  }

  static gibibytes(amount: number): Size {
    return new Size(amount * 1024);
  }

  static tebibytes(amount: number): Size {
    return new Size(amount * 1024 * 1024);
  }

  private constructor(private readonly amount: number) {
    if (!Number.isFinite(amount) || amount < 0) {
      throw new RangeError(`a size must be a finite number that is not negative, but was given ${amount}`);
    }
  }

  /** Whole MiB, rounded down: a node that promises memory it has not got is drained by Slurm. */
  toMebibytes(): number {
    return Math.floor(this.amount);
  }

  /** Whole GiB, rounded up: a disk that is too small is worse than one that is too large. */
  toGibibytes(): number {
    return Math.ceil(this.amount / 1024);
  }

  isLessThan(other: Size): boolean {
    return this.amount < other.amount;
  }

  toString(): string {
    return this.amount % 1024 === 0 ? `${this.amount / 1024} GiB` : `${this.amount} MiB`;
  }
}
