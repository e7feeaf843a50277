import { plannedOutputs } from "../../../lib/operate/terraform/outputs";

describe("the outputs that a plan will give", () => {
  it("are those that are known wholly", () => {
    const plan = {
      output_changes: {
        known: { actions: ["update"], after: { hosts: ["cpu-1"] }, after_unknown: false },
        whole: { actions: ["create"], after_unknown: true },
        part: { actions: ["create"], after: { name: "demo" }, after_unknown: { master: { address: true } } },
        nothing: { actions: ["no-op"], after: "x", after_unknown: { tags: {} } },
      },
    };
    expect(plannedOutputs(plan)).toEqual({ known: { hosts: ["cpu-1"] }, nothing: "x" });
    expect(plannedOutputs({})).toEqual({});
  });
});
