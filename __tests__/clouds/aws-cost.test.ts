import { synthesize } from "cdktf-openhpc/testing";
import { awsCost } from "../../lib/clouds/aws/cost";
import { awsGpu } from "../../stacks/aws-gpu";
import { demo } from "../support/aws";

describe("what an AWS stack costs", () => {
  const round = (amount: number) => Math.round(amount * 10_000) / 10_000;

  it("is the sum of its parts by list price, and less when it is stopped", () => {
    const cost = awsCost(synthesize(demo()).terraform);
    const machines = 0.11592 + 2 * 0.46368;
    const disks = ((3 * 40 + 16 + 100) * 0.08) / 730;
    const rest = 0.045 + 2 * 0.005;
    expect(round(cost.runningHourly)).toBe(round(machines + disks + rest));
    expect(round(cost.stoppedHourly)).toBe(round(disks + rest));
    expect(round(cost.runningMonthly)).toBe(round(730 * cost.runningHourly));
    expect(cost.withoutPrice).toEqual([]);
    expect(cost.billedWhenStopped).toEqual([
      "40 GiB gp3 (system, cpu)",
      "40 GiB gp3 (system, master)",
      "100 GiB gp3 (demo-home)",
      "16 GiB gp3 (demo-state)",
      "nat gateway (demo-nat)",
      "public IPv4 (demo-master)",
      "public IPv4 (demo-nat)",
    ]);
    expect(cost.sources.every((source) => /20\d\d-\d\d-\d\d/.test(source))).toBe(true);
  });

  it("names what no price is known for, instead of guessing", () => {
    const { withoutPrice, items } = awsCost(synthesize(awsGpu, "aws-gpu").terraform);
    expect(withoutPrice).toEqual(["c7i.4xlarge (spare)", "EFS (aws-gpu-home)"]);
    expect(items.find(({ what }) => what === "c7i.4xlarge (spare)")).toMatchObject({
      count: 8,
      note: "spot: the price changes by the hour",
    });
    const elsewhere = awsCost(synthesize(demo({ cloud: { region: "eu-west-1" } })).terraform);
    expect(elsewhere.runningHourly).toBe(0);
    expect(elsewhere.withoutPrice).toHaveLength(elsewhere.items.length);
  });
});
