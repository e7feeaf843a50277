import { synthesize, type TerraformBlock } from "cdktf-openhpc/testing";
import {
  hostNamesProblems,
  isResourceId,
  parseResourceId,
  prefixOf,
  storageAccountName,
  storageAccountProblems,
} from "../../lib/clouds/azure/names";
import { tagProblems } from "../../lib/clouds/azure/tags";
import { demo, KEY } from "../support/azure";
import { told } from "../support/told";

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, November 2026. */
const USUAL = /^[A-Za-z0-9]([\w.-]{0,78}\w)?$/;
const RULES: Readonly<Record<string, RegExp>> = {
  azurerm_linux_virtual_machine: /^[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/,
  azurerm_virtual_network: /^[A-Za-z0-9][\w.-]{0,62}\w$/,
  azurerm_resource_group: /^[\w().-]{0,89}[\w()-]$/,
  azurerm_storage_account: /^[a-z0-9]{3,24}$/,
  azurerm_storage_share: /^[a-z0-9](-?[a-z0-9]){2,62}$/,
};

describe("names on Azure", () => {
  it("tell the site only where it is not the usual one", () => {
    expect([prefixOf("demo", "azure"), prefixOf("demo", "tokyo")]).toEqual(["ohpc-demo", "ohpc-demo-tokyo"]);
  });

  it("of storage accounts are valid for every cluster's name, and differ where clusters do", () => {
    const long = storageAccountName(`a-${"x".repeat(38)}`, "g");
    expect(long).toHaveLength(24);
    for (const name of [long, storageAccountName("a", "g")]) expect(storageAccountProblems(name, "x")).toEqual([]);
    expect(storageAccountName("demo", "g", "eastus")).not.toBe(storageAccountName("demo", "g", "westus"));
    expect(storageAccountName("demo", "g")).toBe(storageAccountName("demo", "g"));
  });

  it("of machines are judged by the longest host", () => {
    expect(hostNamesProblems("ohpc-demo", ["a", "x".repeat(54)])).toEqual([]);
    expect(hostNamesProblems("ohpc-demo", ["x".repeat(55), "a"])).toHaveLength(1);
  });

  it("of whatever is made are ones that Azure takes, however long what they are made of is", () => {
    const cluster = "c".repeat(40);
    const { terraform } = synthesize(
      demo({
        cloud: {
          id: "s".repeat(10),
          access: { sshPublicKey: KEY, from: "bastion" },
          disks: { home: { kind: "azure-files" } },
        },
        pool: { id: "p".repeat(23), hostnames: "h{}", machine: "Standard_HB120rs_v3" },
      }),
      cluster,
    );
    const named = Object.entries(terraform.resource ?? {}).flatMap(([type, some]) =>
      Object.values(some).flatMap(({ name, os_disk: disk }) => [
        ...(typeof name === "string" ? [[type, name]] : []),
        ...(disk === undefined ? [] : [["azurerm_managed_disk", String((disk as TerraformBlock)["name"])]]),
      ]),
    );
    const wrong = named.filter(([type = "", template = ""]) => {
      const name = template.replace("${each.key}", "master");
      return !(RULES[type] ?? USUAL).test(name);
    });
    expect(wrong).toEqual([]);
    expect(new Set(named.map(([type]) => type)).size).toBeGreaterThan(15);
    expect(named.map(([, name]) => name)).toContain(`ohpc-${cluster}-${"s".repeat(10)}-network`);
  });

  it("and ids are compared without case", () => {
    const id =
      "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/G/providers/microsoft.compute/Disks/d";
    expect(parseResourceId(id)).toMatchObject({ group: "G", names: ["d"] });
    expect([
      isResourceId(id, "Microsoft.Compute/disks"),
      isResourceId(`${id}/x`, "Microsoft.Compute/disks"),
      isResourceId("d", "Microsoft.Compute/disks"),
    ]).toEqual([true, false, false]);
  });
});

it("tags are taken as Azure takes them", () => {
  expect(tagProblems({ "cost centre": "42", "a.b:c": "x" }, "tags")).toEqual([]);
  expect(told(tagProblems({ "a/b": "1", Microsoft: "2", long: "x".repeat(257) }, "tags"))).toHaveLength(3);
  expect(
    told(tagProblems(Object.fromEntries(Array.from({ length: 41 }, (_, k) => [`t${k}`, ""])), "tags"))[0],
  ).toContain("at most 40 tags");
});
