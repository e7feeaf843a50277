import { Size } from "cdktf-openhpc";
import { synthesize } from "cdktf-openhpc/testing";
import { azureCost } from "../../lib/clouds/azure/cost";
import { azureGpu } from "../../stacks/azure-gpu";
import { demo } from "../support/azure";

describe("what an Azure stack costs", () => {
  const round = (amount: number) => Math.round(amount * 10_000) / 10_000;
  const inEastus = synthesize(
    demo({
      cloud: { location: "eastus" },
      master: { rootDisk: Size.gibibytes(32), stateDisk: { size: Size.gibibytes(32) } },
      pool: { rootDisk: Size.gibibytes(32) },
    }),
  );

  it("is the sum of its parts by list price; deallocated, the machines cost nothing, their disks and addresses do", () => {
    const cost = azureCost(inEastus.terraform);
    const machines = 0.096 + 2 * 0.384;
    const disks = (4 * 5.28 + 19.71) / 730;
    const rest = 0.045 + 2 * 0.005;
    expect(round(cost.runningHourly)).toBe(round(machines + disks + rest));
    expect(round(cost.stoppedHourly)).toBe(round(disks + rest));
    expect(cost.withoutPrice).toEqual([]);
    expect([...cost.billedWhenStopped].sort()).toEqual([
      "100 GiB Premium_LRS (ohpc-demo-home)",
      "32 GiB Premium_LRS (ohpc-demo-state)",
      "32 GiB Premium_LRS (system, cpu)",
      "32 GiB Premium_LRS (system, master)",
      "nat gateway (ohpc-demo-nat)",
      "public address (ohpc-demo-master)",
      "public address (ohpc-demo-nat)",
    ]);
    expect(cost.sources.every((source) => /20\d\d/.test(source))).toBe(true);
  });

  it("names what no price is known for, instead of guessing", () => {
    const { withoutPrice, items } = azureCost(synthesize(azureGpu, "azure-gpu").terraform);
    expect(withoutPrice).toEqual(
      expect.arrayContaining([
        "Standard_F16s_v2 (spare)",
        "1024 GiB Azure Files (home)",
        "16 GiB PremiumV2_LRS (ohpc-azure-gpu-state)",
      ]),
    );
    expect(items.find(({ what }) => what === "Standard_ND96isr_H100_v5 (train)")).toMatchObject({
      count: 2,
      hourly: 98.32,
    });
    const elsewhere = azureCost(synthesize(demo()).terraform);
    expect(elsewhere.withoutPrice).toContain("40 GiB Premium_LRS (system, cpu)");
    expect(elsewhere.items.find(({ what }) => what === "Standard_D8s_v5 (cpu)")).toMatchObject({
      count: 2,
      hourly: 0.46,
    });
  });
});
