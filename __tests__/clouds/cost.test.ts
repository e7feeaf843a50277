import { addUp, costOf } from "../../lib/clouds/cost";
import { FILES, ITEMS } from "../support/sample-cost";

describe("what a cluster costs", () => {
  it("is added up over clouds, each source once", () => {
    const cost = addUp([costOf(ITEMS), costOf([...ITEMS, FILES])]);
    expect(cost).toMatchObject({
      withoutPrice: ["files"],
      sources: ["machines: a list, 2026-01-01", "disks: a page, 2026-01-02"],
    });
    expect([cost.runningHourly, cost.stoppedHourly].map((sum) => sum.toFixed(4))).toEqual(["2.2000", "0.2000"]);
  });
});
