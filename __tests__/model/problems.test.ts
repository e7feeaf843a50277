import { describeProblem } from "../../lib/model/problems";

describe("a problem shows what was given", () => {
  it.each<[unknown, string]>([
    ["a\nb", '"a\\nb"'],
    [[1, "a"], '[1,"a"]'],
    [undefined, "missing"],
    [null, "null"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [-Infinity, "-Infinity"],
  ])("%p", (got, shown) => {
    expect(describeProblem({ at: "nodes", got, want: "a number" })).toBe(`nodes is ${shown}, but must be a number`);
  });
});
