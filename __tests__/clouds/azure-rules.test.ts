import { ComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AzureCloud } from "cdktf-openhpc/azure";
import { synthesize } from "cdktf-openhpc/testing";
import { PORT_MATRIX } from "../../lib/model/ports";
import { azureDemo } from "../../stacks/azure-demo";
import { demo, KEY, SUBNETS, SUBSCRIPTION, PROPS } from "../support/azure";
import { blocks } from "../support/terraform";

describe("the firewall on Azure", () => {
  it("open exactly what the port matrix says, SSH to the operator alone, and close the rest", () => {
    const { terraform } = synthesize(azureDemo, "azure-demo");
    const rules = blocks(terraform, "azurerm_network_security_rule");
    const side = (ids: unknown) =>
      /network-firewall_(master|compute)_/.exec(String((ids as string[] | undefined)?.[0]))?.[1] ?? "operator";
    const opened = rules
      .filter((rule) => rule["access"] === "Allow")
      .map((rule) => {
        const [from, to] = [
          side(rule["source_application_security_group_ids"]),
          side(rule["destination_application_security_group_ids"]),
        ];
        return [from, to, rule["protocol"], rule["destination_port_range"]].join(" ");
      });
    const wanted = PORT_MATRIX.flatMap(({ from, to, ports }) =>
      ports.map((port) => {
        if (port.protocol === "all") return [from, to, "*", "*"].join(" ");
        return [
          from,
          to,
          port.protocol === "tcp" ? "Tcp" : "Udp",
          port.from === port.to ? port.from : `${port.from}-${port.to}`,
        ].join(" ");
      }),
    );
    expect(opened.sort()).toEqual(wanted.sort());
    expect(
      rules
        .filter((rule) => rule["source_address_prefix"] !== undefined)
        .map((rule) => [rule["source_address_prefix"], rule["access"], rule["priority"]]),
    ).toEqual(
      expect.arrayContaining([
        ["*", "Deny", 4096],
        ["192.0.2.0/24", "Allow", 1000],
      ]),
    );
    expect(rules.filter((rule) => rule["source_address_prefix"] !== undefined)).toHaveLength(2);
  });

  it("have a priority of its own for every rule, which Azure accepts, however many pools and sources there are", () => {
    const from = Array.from({ length: 40 }, (_, k) => ({ cidr: `198.51.100.${k}/32`, reason: `office ${k}` }));
    const { terraform } = synthesize((root) => {
      const master = new OpenHpcMaster(root, "master", {
        cloud: new AzureCloud({ ...PROPS, access: { sshPublicKey: KEY, from } }),
      });
      for (const name of ["a", "b", "c", "d"]) new ComputePool(root, name, { master, nodes: 1 });
    });
    const priorities = blocks(terraform, "azurerm_network_security_rule").map((rule) => rule["priority"] as number);
    expect(priorities).toHaveLength(9 + 40 + 1);
    expect(new Set(priorities).size).toBe(priorities.length);
    expect(Math.min(...priorities)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...priorities)).toBe(4096);
    const descriptions = blocks(terraform, "azurerm_network_security_rule").map(
      (rule) => (rule["description"] as string).length,
    );
    expect(Math.max(...descriptions)).toBeLessThanOrEqual(140);
  });

  it("leave the rules of an existing network to the user, if the user says so", () => {
    const masterSubnet = { id: `${SUBNETS}/login`, cidr: "10.0.1.0/24" };
    const group = (name: string) =>
      `${SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/${name}`;
    const build = (securityGroups: "subnet" | { master: string; compute: string }) =>
      synthesize(
        demo({
          cloud: { network: { masterSubnet, securityGroups } },
          master: { address: "10.0.1.20" },
          pool: { addresses: "10.0.1.32-10.0.1.40" },
        }),
      ).terraform;
    for (const type of [
      "azurerm_network_security_group",
      "azurerm_network_security_rule",
      "azurerm_application_security_group",
    ]) {
      for (const given of ["subnet", { master: group("a"), compute: group("b") }] as const)
        expect(blocks(build(given), type)).toEqual([]);
    }
    expect(blocks(build("subnet"), "azurerm_network_interface_security_group_association")).toEqual([]);
    const used = blocks(
      build({ master: group("a"), compute: group("b") }),
      "azurerm_network_interface_security_group_association",
    );
    expect(used.map((one) => one["network_security_group_id"]).sort()).toEqual([group("a"), group("b")]);
  });
});
