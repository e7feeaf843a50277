import { ComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AzureCloud, type SshSource } from "cdktf-openhpc/azure";
import { synthesize, type TerraformBlock } from "cdktf-openhpc/testing";
import { PORT_MATRIX } from "../../lib/model/ports";
import { azureDemo } from "../../stacks/azure-demo";
import { demo, KEY, SUBNETS, SUBSCRIPTION, PROPS } from "../support/azure";
import { blocks } from "../support/terraform";

describe("the firewall on Azure", () => {
  it("opens exactly what the port matrix says, SSH to the operator alone, and closes the rest", () => {
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
    const bySubnet = rules.filter((rule) => rule["source_address_prefix"] !== undefined);
    expect(bySubnet.map((rule) => [rule["source_address_prefix"], rule["access"]]).sort()).toEqual([
      ["*", "Deny"],
      ["192.0.2.0/24", "Allow"],
    ]);
  });

  const subnets = (count: number) =>
    Array.from({ length: count }, (_, k) => ({ cidr: `198.51.${k >> 8}.${k & 255}/32`, reason: `office ${k}` }));
  const rulesFor = (from: readonly SshSource[], pools: readonly string[] = ["cpu"]) => {
    const { terraform } = synthesize((root) => {
      const cloud = new AzureCloud({ ...PROPS, access: { sshPublicKey: KEY, from } });
      const master = new OpenHpcMaster(root, "master", { cloud });
      for (const name of pools) new ComputePool(root, name, { master, nodes: 1 });
    });
    return blocks(terraform, "azurerm_network_security_rule");
  };
  const prioritiesOf = (rules: readonly TerraformBlock[]) =>
    new Map(rules.map((rule) => [rule["name"] as string, rule["priority"] as number]));

  it("has a priority of its own for every rule, which Azure accepts, however many pools and sources there are", () => {
    const rules = rulesFor(subnets(900), ["a", "b", "c", "d"]);
    const priorities = [...prioritiesOf(rules).values()];
    expect(priorities).toHaveLength(10 + 900 + 1);
    expect(new Set(priorities).size).toBe(priorities.length);
    expect(Math.min(...priorities)).toBeGreaterThanOrEqual(100);
    expect(prioritiesOf(rules.filter(({ access }) => access === "Deny"))).toEqual(new Map([["deny-all", 4096]]));
    expect(Math.max(...priorities.filter((priority) => priority !== 4096))).toBeLessThan(4096);
    expect(Math.max(...rules.map(({ description }) => (description as string).length))).toBeLessThanOrEqual(140);
  });

  it("gives no rule another priority when a subnet comes, goes or is written down elsewhere", () => {
    const all = subnets(20);
    const before = prioritiesOf(rulesFor(all));
    const after = prioritiesOf(rulesFor([...all.slice(1)].reverse()));
    expect(after.size).toBe(before.size - 1);
    for (const [name, priority] of after) expect([name, priority]).toEqual([name, before.get(name)]);
  });

  it("leaves the rules of an existing network to the user, if the user says so", () => {
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
