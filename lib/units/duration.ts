/** A length of time, held in seconds because that is what slurm.conf counts timeouts in. */
export class Duration {
  static seconds(amount: number): Duration {
    return new Duration(amount);
  }

  static minutes(amount: number): Duration {
    return new Duration(amount * 60);
  }

  static hours(amount: number): Duration {
    return new Duration(amount * 3600);
  }

  static days(amount: number): Duration {
    return new Duration(amount * 86400);
  }

  private constructor(private readonly amount: number) {
    if (!Number.isFinite(amount) || amount < 0) {
      throw new RangeError(`a duration must be a finite number that is not negative, but was given ${amount}`);
    }
  }

  toSeconds(): number {
    return this.amount;
  }

  toMilliseconds(): number {
    return this.amount * 1000;
  }

  /** `D-HH:MM:SS`, the form that slurm.conf and sbatch take for time limits. */
  toSlurm(): string {
    const seconds = Math.round(this.amount);
    const two = (n: number) => String(n).padStart(2, "0");
    const clock = [Math.floor((seconds % 86400) / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
      .map(two)
      .join(":");
    const days = Math.floor(seconds / 86400);
    return days > 0 ? `${days}-${clock}` : clock;
  }

  toString(): string {
    return `${this.amount} s`;
  }
}
