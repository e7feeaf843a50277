import { localCost } from "../../lib/clouds/local/cost";

describe("what a cluster costs", () => {
  it("is nothing on this computer", () => {
    const cost = localCost({
      resource: { terraform_data: { cpu: { input: { kind: "machine" }, for_each: { a: 1, b: 1 } } } },
    });
    expect(cost).toMatchObject({
      runningHourly: 0,
      stoppedHourly: 0,
      withoutPrice: [],
      items: [{ count: 2, hourly: 0 }],
    });
    expect(localCost({}).items).toEqual([]);
  });
});
