import {
  hostNamesProblems,
  isResourceId,
  parseResourceId,
  prefixOf,
  storageAccountName,
  storageAccountProblems,
} from "../../lib/clouds/azure/names";
import { tagProblems } from "../../lib/clouds/azure/tags";
import { describeProblem, type Problem } from "../../lib/model/problems";

const told = (problems: readonly Problem[]) => problems.map(describeProblem);

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
