import { durationOf, durationWords, typedTreatment } from "../../../lib/operate/feedback/treatment";
import { Duration } from "../../../lib/units";

describe("how long people say to wait", () => {
  it.each([
    ["2h", 7200],
    ["1d12h", 129_600],
    ["90s", 90],
    ["1h30m", 5400],
    ["45", 2700],
  ])("%s is %d seconds", (text, seconds) => {
    expect(durationOf(text)?.toSeconds()).toBe(seconds);
  });

  it.each(["", "h", "2x", "-1h", "1m2h", "1.5h", "2 h", "99999999999d"])("%p is no time", (text) => {
    expect(durationOf(text)).toBeUndefined();
  });

  it("is said as it is read", () => {
    for (const seconds of [1, 59, 60, 3661, 86_400, 129_600])
      expect(durationOf(durationWords(Duration.seconds(seconds)))?.toSeconds()).toBe(seconds);
    expect(durationWords(Duration.seconds(0))).toBe("0s");
  });

  it("is part of the command as it would be typed, and so is what else was said of jobs", () => {
    expect(typedTreatment({ kind: "now" })).toEqual([]);
    expect(typedTreatment({ kind: "requeue" })).toEqual(["--requeue"]);
    expect(typedTreatment({ kind: "wait", limit: Duration.hours(2) })).toEqual(["--wait 2h"]);
  });
});
