import fc from "fast-check";
import { Duration, Size } from "../../lib/units";

describe("Size", () => {
  test("counts memory in whole MiB, rounded down, so that no node promises what it has not got", () => {
    expect(Size.mebibytes(4095.9).toMebibytes()).toBe(4095);
    expect(Size.gibibytes(4).toMebibytes()).toBe(4096);
    expect(Size.tebibytes(2).toMebibytes()).toBe(2 * 1024 * 1024);
  });

  test("counts disks in whole GiB, rounded up, because too small is worse than too large", () => {
    expect(Size.mebibytes(1).toGibibytes()).toBe(1);
    expect(Size.mebibytes(16 * 1024 + 1).toGibibytes()).toBe(17);
    expect(Size.gibibytes(16).toGibibytes()).toBe(16);
  });

  test("compares amounts, not the units they were given in", () => {
    expect(Size.gibibytes(1).isLessThan(Size.mebibytes(1024))).toBe(false);
    expect(Size.mebibytes(1023).isLessThan(Size.gibibytes(1))).toBe(true);
  });

  test("reads as people write it", () => {
    expect(`${String(Size.gibibytes(200))}, ${String(Size.mebibytes(1500))}`).toBe("200 GiB, 1500 MiB");
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses %p", (amount) => {
    expect(() => Size.gibibytes(amount)).toThrow(/must be a finite number that is not negative/);
  });
});

describe("Duration", () => {
  test("knows its units", () => {
    expect(Duration.minutes(2).toSeconds()).toBe(120);
    expect(Duration.hours(1).toMilliseconds()).toBe(3_600_000);
    expect(Duration.days(1).toSeconds()).toBe(86400);
    expect(String(Duration.minutes(1))).toBe("60 s");
  });

  test("is written as Slurm takes time limits", () => {
    expect(Duration.seconds(59).toSlurm()).toBe("00:00:59");
    expect(Duration.hours(23.5).toSlurm()).toBe("23:30:00");
    expect(Duration.hours(25).toSlurm()).toBe("1-01:00:00");
  });

  test("loses no second on the way to Slurm", () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (seconds) => {
        const [, days = "0", hours, minutes, rest] =
          /^(?:(\d+)-)?(\d\d):(\d\d):(\d\d)$/.exec(Duration.seconds(seconds).toSlurm()) ?? [];
        expect(((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(rest)).toBe(seconds);
      }),
    );
  });

  test.each([-1, Number.NaN])("refuses %p", (amount) => {
    expect(() => Duration.seconds(amount)).toThrow(/must be a finite number that is not negative/);
  });
});
