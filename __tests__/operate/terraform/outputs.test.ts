import { plannedOutputs } from "../../../lib/operate/terraform/outputs";

describe("the outputs that a plan will give", () => {
  it("say so where nobody can know a part yet", () => {
    const plan = {
      output_changes: {
        known: { actions: ["update"], after: { hosts: ["cpu-1"] }, after_unknown: false },
        whole: { actions: ["create"], after_unknown: true },
        part: { actions: ["create"], after: { name: "demo" }, after_unknown: { master: { address: true } } },
        list: { actions: ["create"], after: ["a"], after_unknown: [false, { id: true }] },
        nothing: { actions: ["no-op"], after: "x", after_unknown: { tags: {} } },
      },
    };
    expect(plannedOutputs(plan)).toEqual({
      known: { hosts: ["cpu-1"] },
      whole: "(known after apply)",
      part: { name: "demo", master: { address: "(known after apply)" } },
      list: ["a", { id: "(known after apply)" }],
      nothing: "x",
    });
    expect(plannedOutputs({})).toEqual({});
  });
});
