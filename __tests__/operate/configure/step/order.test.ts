import fc from "fast-check";
import { orderSteps } from "../../../../lib/operate/configure/step/order";
import type { Step } from "../../../../lib/operate/configure/step/step";

describe("orderSteps", () => {
  it("puts every step behind all that it needs, and loses none", () => {
    const graph = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 12 });
    fc.assert(
      fc.property(graph, fc.infiniteStream(fc.nat()), (needs, random) => {
        // A step may need only those with a smaller number: no circle.
        const steps = needs.map((others, k) =>
          stepOf(`s${k}`, { needs: k === 0 ? [] : [...new Set(others.map((n) => `s${n % k}`))] }),
        );
        const shuffled = steps.map((step) => ({ step, at: random.next().value as number })).sort((a, b) => a.at - b.at);
        const ordered = orderSteps(shuffled.map(({ step }) => step)).map(({ id }) => id);
        expect([...ordered].sort()).toEqual(steps.map(({ id }) => id).sort());
        for (const step of steps)
          for (const need of step.needs) expect(ordered.indexOf(need)).toBeLessThan(ordered.indexOf(step.id));
      }),
    );
  });

  it("refuses steps that need each other, or what is not there, or share an id", () => {
    expect(() => orderSteps([stepOf("a", { needs: ["b"] }), stepOf("b", { needs: ["a"] })])).toThrow("a → b → a");
    expect(() => orderSteps([stepOf("a", { needs: ["z"] })])).toThrow("needs z");
    expect(() => orderSteps([stepOf("a"), stepOf("a")])).toThrow("same id");
  });
});

/** Only what it needs counts here. */
function stepOf(id: string, { needs = [] }: Partial<Pick<Step, "needs">> = {}): Step {
  return { id, title: id, needs, remedies: [], desired: () => null, inspect: "", apply: "", effect: () => "live" };
}
