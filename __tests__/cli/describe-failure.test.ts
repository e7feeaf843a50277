import { describeFailure, exitCodeOf } from "../../lib/cli/describe-failure";
import { PowerError, type PowerFailure } from "../../lib/clouds/power";

describe("what a vendor refuses", () => {
  it.each<[PowerFailure, number]>([
    ["capacity", 1],
    ["quota", 1],
    ["throttled", 1],
    ["timeout", 1],
    ["credentials", 2],
    ["expired", 2],
    ["permission", 2],
    ["spot", 2],
  ])("%s ends with %i, names the machines, and what to do", (failure, exitCode) => {
    const told = describeFailure(new PowerError(failure, ["cpu-1", "cpu-2"], "there is a reason", "do this"));
    expect(told).toMatchObject({
      code: `power.${failure}`,
      message: "cpu-[1-2]: there is a reason",
      remedy: "do this",
    });
    expect(exitCodeOf(told)).toBe(exitCode);
  });

  it("of no machine names none", () => {
    expect(describeFailure(new PowerError("unknown host", [], "none", "do this"))).toEqual({
      kind: "failed",
      code: "power.unknown-host",
      message: "none",
      remedy: "do this",
    });
  });
});
