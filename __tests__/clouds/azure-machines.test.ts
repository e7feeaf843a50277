import type { Construct } from "constructs";
import fc from "fast-check";
import { ComputePool, NfsDisk, OpenHpcMaster, Size, type ComputePoolOptions } from "cdktf-openhpc";
import { AzureCloud, AzureMachine } from "cdktf-openhpc/azure";
import { synthesize, type TerraformBlock } from "cdktf-openhpc/testing";
import { readManifest } from "../../lib/model/manifest";
import { COMPUTE, demo, KEY, machineOf, PROPS } from "../support/azure";
import { blocks, named, ofGroup, only } from "../support/terraform";

describe("machines on Azure", () => {
  it("cost no construct each: a thousand are as many constructs as one", () => {
    const made = (nodes: number) => {
      let constructs = 0;
      const { instances } = synthesize((root) => {
        demo({ pool: { nodes } })(root);
        constructs = root.node.findAll().length;
      });
      const machines = [...instances.keys()].filter((address) => address.startsWith("azurerm_linux_virtual_machine."));
      return { constructs, machines: machines.length };
    };
    const [one, thousand] = [made(1), made(1000)];
    expect([one.machines, thousand.machines]).toEqual([2, 1001]);
    expect(thousand.constructs).toBe(one.constructs);
  });

  it("of other pools, their interfaces and all disks stay byte for byte what they are when one pool changes, comes or goes", () => {
    const pool = fc.record({
      nodes: fc.integer({ min: 1, max: 5 }),
      machine: fc.constantFrom(
        "small",
        "medium",
        "Standard_HB120rs_v3",
        "Standard_D8as_v6",
        AzureMachine.of("Standard_F8s_v2", { spot: true, placementGroup: true }),
        AzureMachine.of("Standard_D8s_v5", { capacityReservation: `${COMPUTE}/capacityReservationGroups/r` }),
      ),
      image: fc.constantFrom(
        "debian-13",
        "Debian:debian-13-daily:13-gen2",
        `${COMPUTE}/galleries/g/images/node/versions/1.0.0`,
      ),
      rootDisk: fc.constantFrom(Size.gibibytes(40), Size.gibibytes(80)),
    });
    const pools = fc.dictionary(fc.constantFrom("cpu", "hb", "post", "viz"), pool, {
      minKeys: 2,
      noNullPrototype: true,
    });
    const build = (all: Readonly<Record<string, Partial<ComputePoolOptions>>>) =>
      synthesize((root) => {
        const home = new NfsDisk(root, "home", { size: Size.gibibytes(100) });
        const master = new OpenHpcMaster(root, "master", { cloud: new AzureCloud(PROPS), home });
        for (const [name, options] of Object.entries(all))
          new ComputePool(root, name, { master, nodes: 1, ...options });
      }).instances;
    fc.assert(
      fc.property(pools, fc.option(pool), (all, instead) => {
        const [changed = "", ...others] = Object.keys(all);
        const rest = Object.fromEntries(others.map((name) => [name, all[name] ?? {}]));
        const [before, after] = [build(all), build(instead === null ? rest : { ...rest, [changed]: instead })];
        // An image that nobody else has need not be remembered.
        const gone = new RegExp(`^\\w+\\.${changed}_|^terraform_data\\.master_network_image-Debian-debian-13-daily`);
        const kept = [...before].filter(([address]) => !gone.test(address));
        for (const type of ["linux_virtual_machine", "network_interface", "managed_disk"]) {
          expect(kept.filter(([address]) => address.startsWith(`azurerm_${type}.`)).length).toBeGreaterThanOrEqual(2);
        }
        for (const [address, instance] of kept)
          expect([address, JSON.stringify(after.get(address))]).toEqual([address, JSON.stringify(instance)]);
      }),
      { numRuns: 8 },
    );
  });

  it("have fixed addresses, accelerated networking where their size has it, and are under the rules before they are made", () => {
    const { terraform, instances } = synthesize(demo());
    const card = ofGroup(terraform, "azurerm_network_interface", "cpu");
    expect(card).toMatchObject({
      accelerated_networking_enabled: true,
      ip_configuration: [{ private_ip_address_allocation: "Static", private_ip_address: "${each.value}" }],
    });
    expect((card["ip_configuration"] as TerraformBlock[])[0]).not.toHaveProperty("public_ip_address_id");
    const each = [...instances].find(([address]) => /^azurerm_network_interface\..*\["cpu-1"\]$/.test(address))?.[1]
      .each;
    expect(each).toMatch(/^10\.79\.\d+\.1$/);
    expect(machineOf(terraform, "cpu")["depends_on"]).toEqual(
      expect.arrayContaining([expect.stringContaining("application_security_group_association.cpu_")]),
    );
  });

  it("give only the master a public address, which stays", () => {
    const { terraform } = synthesize(demo());
    const address = named(terraform, "azurerm_public_ip", "ohpc-demo-master");
    expect(address).toMatchObject({ allocation_method: "Static", sku: "Standard" });
    const hasPublic = (group: string) =>
      JSON.stringify(ofGroup(terraform, "azurerm_network_interface", group)).includes("public_ip_address_id");
    expect([hasPublic("master"), hasPublic("cpu")]).toEqual([true, false]);
    const inside = synthesize(demo({ cloud: { access: { sshPublicKey: KEY, from: "bastion" } } }));
    expect(named(inside.terraform, "azurerm_public_ip", "ohpc-demo-master")).toBeUndefined();
    expect(readManifest(inside.manifest).master.access.host).toBe("10.79.0.10");
  });

  it("with InfiniBand are one availability set near each other, in no zone, and load drivers that nobody signed", () => {
    const { terraform } = synthesize(demo({ cloud: { zone: "2" }, pool: { machine: "Standard_HB176rs_v4" } }));
    const machine = machineOf(terraform, "cpu");
    expect(machine).toMatchObject({ secure_boot_enabled: false, vtpm_enabled: true });
    expect(machine["availability_set_id"]).toMatch(/azurerm_availability_set/);
    expect(machine["proximity_placement_group_id"]).toMatch(/azurerm_proximity_placement_group/);
    expect(machine).not.toHaveProperty("zone");
    expect(machineOf(terraform, "master")).toMatchObject({ zone: "2", secure_boot_enabled: true });
    expect(only(terraform, "azurerm_availability_set")).toMatchObject({
      managed: true,
      platform_fault_domain_count: 1,
    });
    const alone = synthesize(
      demo({ pool: { machine: AzureMachine.of("Standard_HB176rs_v4", { infiniband: false }) } }),
    );
    expect(blocks(alone.terraform, "azurerm_availability_set")).toEqual([]);
  });

  it("as spare capacity cost at most what is said, and keep their disks when they are taken back", () => {
    const spot = (options: AzureMachine["options"]["spot"]) => {
      const {
        priority,
        max_bid_price: price,
        eviction_policy: eviction,
      } = machineOf(
        synthesize(demo({ pool: { machine: AzureMachine.of("Standard_D8s_v5", { spot: options }) } })).terraform,
        "cpu",
      );
      return [priority, price, eviction];
    };
    expect(spot(true)).toEqual(["Spot", -1, "Deallocate"]);
    expect(spot({ maxHourly: 0.2, eviction: "delete" })).toEqual(["Spot", 0.2, "Delete"]);
    expect(spot(false)).toEqual([undefined, undefined, undefined]);
  });

  it("with sizes that have NVMe disks are made with such a controller, and without trusted launch where there is none", () => {
    const made = (machine: string) => machineOf(synthesize(demo({ pool: { machine } })).terraform, "cpu");
    expect(made("Standard_D8as_v6")).toMatchObject({ disk_controller_type: "NVMe", secure_boot_enabled: true });
    expect(made("Standard_D8ps_v5")).toMatchObject({
      disk_controller_type: "SCSI",
      secure_boot_enabled: false,
      vtpm_enabled: false,
    });
    expect(made("Standard_NC4as_T4_v3")).toMatchObject({ secure_boot_enabled: false, vtpm_enabled: true });
  });

  it("that are spare or reserved capacity share no InfiniBand, which is said unless it is meant", () => {
    const capacityReservation = `${COMPUTE}/capacityReservationGroups/r`;
    const warned = (options: AzureMachine["options"]) => {
      const machine = AzureMachine.of("Standard_HB120rs_v3", options);
      let said: readonly string[] = [];
      const { terraform } = synthesize((root) => {
        demo({ pool: { machine } })(root);
        said = warningsIn(root);
      });
      expect(blocks(terraform, "azurerm_availability_set")).toEqual([]);
      expect(machineOf(terraform, "cpu")).not.toHaveProperty("availability_set_id");
      expect(machineOf(terraform, "cpu")).not.toHaveProperty("proximity_placement_group_id");
      return said;
    };
    expect(warned({ spot: true })).toEqual([
      expect.stringMatching(/^the machines share no InfiniBand, though Standard_HB120rs_v3 has it: they are spare cap/),
    ]);
    expect(warned({ capacityReservation })).toEqual([expect.stringContaining("they are reserved capacity")]);
    expect(warned({ spot: true, infiniband: false })).toEqual([]);
  });

  it("warn when the master is spare capacity", () => {
    let said: readonly string[] = [];
    synthesize((root) => {
      demo({ master: { machine: AzureMachine.of("Standard_D2s_v5", { spot: true }) } })(root);
      said = warningsIn(root);
    });
    expect(said).toEqual([
      "the master is a spot machine: when Azure takes it back, the cluster stops, and all running jobs with it",
    ]);
  });
});

function warningsIn({ node }: Construct): readonly string[] {
  const metadata = node.findAll().flatMap((one) => one.node.metadata);
  return metadata.filter(({ type }) => type === "@cdktf/warn").map(({ data }) => String(data));
}
