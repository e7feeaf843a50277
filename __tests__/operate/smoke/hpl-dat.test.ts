import { renderHplDat } from "../../../lib/operate/smoke/hpl-dat";
import { expectGolden } from "../../support/golden";

describe("HPL.dat", () => {
  it("is what xhpl reads", () => {
    expectGolden("operate/HPL.dat", renderHplDat({ size: 9984, block: 192, grid: { rows: 2, columns: 4 } }));
  });

  it("can be told another threshold", () => {
    expect(renderHplDat({ size: 192, block: 192, grid: { rows: 1, columns: 1 }, threshold: 1e-9 })).toMatch(
      /^1e-9 +threshold$/m,
    );
  });
});
