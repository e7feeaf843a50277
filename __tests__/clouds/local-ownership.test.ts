import type { LocalContainer } from "../../lib/clouds/local/containers";
import { displaced } from "../../lib/clouds/local/displaced";
import { expectedIn } from "../../lib/clouds/local/drift";
import { claimantIn, type Ownership, standing } from "../../lib/clouds/local/ownership";

describe("whose a local cluster is", () => {
  const state = (...resources: object[]) => ({
    values: {
      root_module: {
        resources: resources.map((values, k) => ({ address: `terraform_data.${k}`, type: "terraform_data", values })),
      },
    },
  });
  const owner = (id: string, cluster = "demo") => ({ id, input: { kind: "owner", cluster } });
  const thing = (kind: string, mark?: string) => ({
    id: "x",
    input: { kind, cluster: "demo", name: `ohpc-demo-${kind}`, ...(mark === undefined ? {} : { owner: mark }) },
  });
  const there = (...marks: string[]): Ownership => ({ marks, folder: "", hosts: ["master"], there: true });
  const marked = (folder: string, ...marks: string[]): Ownership => ({ ...there(...marks), folder });
  const judge = (ownership: Ownership, ...resources: object[]) => {
    const document = state(...resources);
    return standing(ownership, claimantIn(document, "demo", expectedIn(document)), "/here");
  };

  it.each<[string, Ownership, object[], ReturnType<typeof standing>]>([
    ["the state's whose mark it carries", there("a"), [owner("a"), thing("machine", "a")], "settled"],
    ["a stranger's to an empty state", there("a"), [], "strange"],
    ["a stranger's to a state with another mark", there("a"), [owner("b"), thing("machine", "b")], "strange"],
    ["nobody's where nothing is there", { ...there("a"), there: false }, [owner("b")], "settled"],
    ["without a mark, the state's that knows its machines", there(), [owner("b"), thing("machine")], "claimed"],
    [
      "without a mark, not the state's that failed to make its network",
      there(),
      [owner("b"), thing("network")],
      "strange",
    ],
    ["the state's that has lost its own mark, and made it", there("a"), [thing("machine", "a")], "claimed"],
    [
      "the state's that was given another mark since, and made it",
      there("a"),
      [owner("b"), thing("machine", "a")],
      "claimed",
    ],
    ["nobody's alone where two have marked it", there("a", "b"), [owner("a"), thing("machine", "a")], "strange"],
    ["this folder's, whose Terraform was killed before it wrote it down", marked("/here", "a"), [], "claimed"],
    ["a stranger's that was made in another folder", marked("/there", "a"), [], "strange"],
    ["nobody's alone where two have marked it, here too", marked("/here", "a", "b"), [], "strange"],
    ["a stranger's to the state of another cluster", there("a"), [owner("a", "other")], "strange"],
  ])("is %s", (_, ownership, resources, expected) => {
    expect(judge(ownership, ...resources)).toBe(expected);
  });
});

describe("machines that are there without Terraform's knowledge", () => {
  const container = (host: string, spec = "s"): LocalContainer => ({
    host,
    name: `ohpc-demo-${host}`,
    role: "compute",
    site: "local",
    running: true,
    status: "running",
    address: "10.64.1.1",
    image: "localhost/ohpc-node:1",
    spec,
  });
  const machine = (host: string, actions: readonly string[]) => {
    const values = {
      input: { kind: "machine", cluster: "demo", name: `ohpc-demo-${host}` },
      triggers_replace: { spec: "s", image: "localhost/ohpc-node:1", address: "10.64.1.1" },
    };
    const change = { actions, before: actions[0] === "create" ? null : values, after: values };
    return { address: `terraform_data.cpu["${host}"]`, type: "terraform_data", index: host, change };
  };

  it("are lost where the plan makes others of their name, or wants none; the very ones that it makes are not", () => {
    const plan = { resource_changes: [machine("cpu-1", ["create"]), machine("cpu-2", ["create"])] };
    expect(displaced(plan, "demo", [container("cpu-1"), container("cpu-2", "older"), container("gpu-1")])).toEqual([
      { address: 'terraform_data.cpu["cpu-2"]', action: "replace", kind: "machine", name: "cpu-2" },
      { address: "ohpc-demo-gpu-1", action: "delete", kind: "machine", name: "gpu-1" },
    ]);
  });

  it("are none where Terraform knows them, and counts them itself", () => {
    const plan = { resource_changes: [machine("cpu-1", ["delete", "create"]), machine("cpu-2", ["no-op"])] };
    expect(displaced(plan, "demo", [container("cpu-1", "older"), container("cpu-2", "older")])).toEqual([]);
  });
});
