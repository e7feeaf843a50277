import fc from "fast-check";
import { hplGrid } from "../../../lib/operate/smoke/hpl-grid";

describe("the grid of HPL", () => {
  it.each([
    [1, 1, 1],
    [2, 1, 2],
    [3, 1, 3],
    [4, 2, 2],
    [6, 2, 3],
    [8, 2, 4],
    [9, 3, 3],
    [12, 3, 4],
    [16, 4, 4],
    [24, 4, 6],
    [36, 6, 6],
    [48, 6, 8],
    [64, 8, 8],
    [72, 8, 9],
    [97, 1, 97],
    [128, 8, 16],
    [192, 12, 16],
    [256, 16, 16],
  ])("of %i tasks is %i x %i", (tasks, rows, columns) => {
    expect(hplGrid(tasks)).toEqual({ rows, columns });
  });

  it("uses every task, is never higher than wide, and no other grid is nearer to a square", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20000 }), (tasks) => {
        const { rows, columns } = hplGrid(tasks);
        expect(rows * columns).toBe(tasks);
        expect(rows).toBeLessThanOrEqual(columns);
        for (let better = rows + 1; better * better <= tasks; better++) expect(tasks % better).not.toBe(0);
      }),
    );
  });

  it("needs a whole number of tasks", () => {
    expect(() => hplGrid(0)).toThrow(RangeError);
    expect(() => hplGrid(1.5)).toThrow(RangeError);
  });
});
