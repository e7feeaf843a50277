import { synthesize } from "cdktf-openhpc/testing";
import { divideNetwork, existingPlan } from "../../lib/clouds/azure/subnets";
import { withFacts } from "../../lib/clouds/pins";
import { planExisting, reservedAddresses } from "../../lib/clouds/subnets";
import { claimAddresses } from "../../lib/model/addresses";
import { overlaps, parseCidr } from "../../lib/model/cidr";
import { readManifest } from "../../lib/model/manifest";
import { azureExistingNetwork } from "../../stacks/azure-existing-network";
import { azureGpu } from "../../stacks/azure-gpu";
import { blocks, dataOf, only } from "../support/terraform";

describe("networks on Azure", () => {
  it("need no port that is open to the world with a Bastion, and a way in that ohpc can use", () => {
    const { terraform, manifest } = synthesize(azureGpu, "azure-gpu");
    const sources = blocks(terraform, "azurerm_network_security_rule").flatMap((rule) =>
      rule["access"] === "Allow" ? [rule["source_address_prefix"] ?? "a group"] : [],
    );
    expect(new Set(sources)).toEqual(new Set(["a group", "10.79.64.0/26"]));
    expect(only(terraform, "azurerm_bastion_host")).toMatchObject({ sku: "Standard", tunneling_enabled: true });
    const { access } = readManifest(manifest).master;
    expect(access).toMatchObject({ user: "root", host: "10.79.0.10", port: 22 });
    expect(access.proxy?.slice(0, 2)).toEqual(["bash", "-c"]);
    const machine = expect.stringMatching(/^\$\{azurerm_linux_virtual_machine\.\w[\w-]*\["master"\]\.id\}$/) as string;
    expect(access.proxy?.slice(3)).toEqual([
      "ohpc-bastion",
      expect.stringContaining("azurerm_bastion_host") as string,
      expect.any(String),
      machine,
      "%p",
    ]);
    const addresses = blocks(terraform, "azurerm_public_ip").map(({ name }) => name);
    expect(addresses.sort()).toEqual(["ohpc-azure-gpu-bastion", "ohpc-azure-gpu-nat"]);
  });

  it("make no network where there is one, and compare what was said of it with what it is", () => {
    const { terraform, manifest } = synthesize(azureExistingNetwork, "azure-existing-network");
    for (const type of [
      "azurerm_resource_group",
      "azurerm_virtual_network",
      "azurerm_subnet",
      "azurerm_public_ip",
      "azurerm_nat_gateway",
    ]) {
      expect([type, blocks(terraform, type)]).toEqual([type, []]);
    }
    const subnets = dataOf(terraform, "azurerm_subnet");
    expect(
      subnets.map((subnet) => [subnet["resource_group_name"], subnet["virtual_network_name"], subnet["name"]]),
    ).toEqual([
      ["network", "campus", "login"],
      ["network", "campus", "compute"],
    ]);
    expect(JSON.stringify(subnets)).toContain('contains(self.address_prefixes, \\"172.29.32.0/20\\")');
    expect(JSON.stringify(dataOf(terraform, "azurerm_managed_disk"))).toContain("is it in another subscription?");
    // The rules are ours, and on the machines: the subnets' own are not touched.
    expect(blocks(terraform, "azurerm_network_interface_security_group_association")).toHaveLength(2);
    expect(blocks(terraform, "azurerm_subnet_network_security_group_association")).toEqual([]);
    expect(readManifest(manifest).master.access).toMatchObject({ host: "172.29.16.20" });
    expect(readManifest(manifest).sites[0]?.place).toEqual({
      location: "northeurope",
      resourceGroup: "chemistry",
      subscription: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    });
  });
});

describe("subnets on Azure", () => {
  it.each(["10.79.0.0/16", "10.0.0.0/8", "192.168.7.0/24"])("%s is divided so that nothing overlaps", (cidr) => {
    const { masterCidr, poolCidr, bastionCidr } = divideNetwork(cidr);
    const parts = [masterCidr, poolCidr, bastionCidr].map((text) => parseCidr(text)!);
    expect(parts.every((part) => part.first >= parseCidr(cidr)!.first && part.last <= parseCidr(cidr)!.last)).toBe(
      true,
    );
    for (const [k, part] of parts.entries())
      for (const other of parts.slice(k + 1)) expect(overlaps(part, other)).toBe(false);
  });

  it("keep their first four addresses and the last", () => {
    const space = {
      cidr: parseCidr("10.0.1.0/28")!,
      masterAddress: "10.0.1.9",
      taken: [],
      reserved: reservedAddresses(["10.0.1.0/28"]),
    };
    const refused = Array.from({ length: 16 }, (_, k) => `10.0.1.${k}`).filter(
      (addresses) => claimAddresses({ pool: "cpu", nodes: 1, addresses }, space).block === undefined,
    );
    expect(refused).toEqual(["10.0.1.0", "10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.9", "10.0.1.15"]);
  });

  it("that were there before are told by the pin file, and their site is the smallest range that holds them", () => {
    const id =
      "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/n/providers/Microsoft.Network/virtualNetworks/v/subnets/s";
    const pins = withFacts({}, "azure", "eastus", { [id]: { cidr: "10.1.4.0/24" } });
    const { plan, problems } = existingPlan(
      { masterSubnet: { id }, poolSubnet: { id: `${id}2`, cidr: "10.1.7.0/24" } },
      { location: "eastus", pins },
    );
    expect(problems).toEqual([]);
    expect(planExisting(plan!)).toEqual({ cidr: "10.1.4.0/22", masterCidr: "10.1.4.0/24", poolCidr: "10.1.7.0/24" });
    expect(
      existingPlan(
        { masterSubnet: { id }, poolSubnet: { id: `${id}2`, cidr: "10.1.4.128/25" } },
        { location: "eastus", pins },
      ).problems,
    ).toHaveLength(1);
  });
});
