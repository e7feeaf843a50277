import { GpuComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AzureCloud, AzureMachine } from "cdktf-openhpc/azure";
import { COMPUTE, demo, PROPS, type Variant } from "../support/azure";
import { refusal, refusals } from "../support/clusters";

describe("what is wrong on Azure is told when it is written:", () => {
  const first = (variant: Variant) => refusals(demo(variant));

  it.each<[string, Variant, string | RegExp]>([
    [
      "an unknown size",
      { pool: { machine: "Standard_D8s_v55" } },
      /^machine is "Standard_D8s_v55".*did you mean "Standard_D8s_v5"\? if it is new, say what it has/,
    ],
    [
      "a size that the region has not got",
      { pool: { machine: "Standard_HB368rs_v5" } },
      /^machine is "Standard_HB368rs_v5", but must be a size that is sold in westeurope; this one is sold in .*eastus.*if it is sold in westeurope by now/,
    ],
    [
      "a size that Azure sells for no Ampere machine",
      { cloud: { architecture: "arm64" }, pool: { machine: "gpu" } },
      /^machine is "gpu", but must be one of small, medium, large: Azure sells none of this size for arm64/,
    ],
    [
      "InfiniBand on a size that has none",
      { pool: { machine: AzureMachine.of("Standard_D8s_v5", { infiniband: true }) } },
      /^machine\.infiniband is true, but must be left out: Standard_D8s_v5 has no InfiniBand; Standard_HB120rs_v3/,
    ],
    [
      "InfiniBand for the master",
      { master: { machine: AzureMachine.of("Standard_HB120rs_v3", { infiniband: true }) } },
      /^machine\.infiniband is true, but must be left out: the master runs no jobs/,
    ],
    [
      "more machines than share InfiniBand",
      { pool: { machine: "Standard_HB120rs_v3", nodes: 201 } },
      /^nodes is 201, but must be at most 200: machines that share InfiniBand are one availability set; make several pools/,
    ],
    [
      "secure boot on a size that has none",
      { pool: { machine: AzureMachine.of("Standard_D8ps_v5", { secureBoot: true }) } },
      /^machine\.secureBoot is true, but must be left out: Standard_D8ps_v5 has no trusted launch/,
    ],
    [
      "spare capacity that is reserved",
      {
        pool: {
          machine: AzureMachine.of("Standard_D8s_v5", {
            spot: true,
            capacityReservation: `${COMPUTE}/capacityReservationGroups/r`,
          }),
        },
      },
      /^machine\.spot is true, but must be left out: reserved capacity is not spare/,
    ],
    [
      "InfiniBand among spare capacity",
      { pool: { machine: AzureMachine.of("Standard_HB120rs_v3", { spot: true, infiniband: true }) } },
      "machine.infiniband is true, but must be left out: machines that share InfiniBand are one availability set, and Azure takes no spare capacity into one",
    ],
    [
      "reserved capacity near each other",
      {
        pool: {
          machine: AzureMachine.of("Standard_D8s_v5", {
            placementGroup: true,
            capacityReservation: `${COMPUTE}/capacityReservationGroups/r`,
          }),
        },
      },
      "machine.placementGroup is true, but must be left out: Azure takes no reserved capacity into a proximity placement group",
    ],
    [
      "Premium SSD v2 to boot from",
      { pool: { machine: AzureMachine.of("Standard_D8s_v5", { rootVolume: { type: "PremiumV2_LRS" } }) } },
      /^machine\.rootVolume\.type is "PremiumV2_LRS", but must be another type: Azure boots from no Premium SSD v2/,
    ],
  ])("%s", (_, variant, message) => {
    expect(first(variant)).toEqual(
      expect.arrayContaining([typeof message === "string" ? message : expect.stringMatching(message)]),
    );
  });

  it("a GPU pool on machines without GPUs", () => {
    const message = refusal((root) => {
      const master = new OpenHpcMaster(root, "master", { cloud: new AzureCloud(PROPS) });
      new GpuComputePool(root, "gpu", { master, nodes: 1, machine: "Standard_D8s_v5" });
    });
    expect(message).toContain('machine is "Standard_D8s_v5", but must be a machine with at least one GPU');
  });
});
