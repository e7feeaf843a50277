import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readHplOutput } from "../../../lib/operate/smoke/hpl-output";

const sample = (name: string) => readFileSync(join(__dirname, "samples", name), "utf8");

describe("what xhpl prints", () => {
  it("is a result that passed", () => {
    expect(readHplOutput(sample("xhpl-passed.txt"))).toEqual({
      run: {
        size: 1920,
        block: 192,
        rows: 1,
        columns: 2,
        seconds: 2.38,
        gflops: 1.987,
        residual: 0.0031233,
        passed: true,
      },
    });
  });

  it("is a result that failed, although xhpl ends with 0", () => {
    expect(readHplOutput(sample("xhpl-failed.txt"))).toMatchObject({ run: { passed: false, residual: 0.0031233 } });
  });

  it("understands the exponents that newer versions print", () => {
    const newer = sample("xhpl-passed.txt").replace("0.0031233", "3.52154219e-03");
    expect(readHplOutput(newer)).toMatchObject({ run: { residual: 0.00352154219 } });
  });

  it.each([
    ["nothing", () => "", /no result line/],
    [
      "what a job that was killed leaves",
      () => sample("xhpl-passed.txt").split("End of Tests")[0] ?? "",
      /did not come to its end/,
    ],
    ["a result without a check", () => sample("xhpl-passed.txt").replace(/^\|\|Ax.*$/m, ""), /no residual/],
    ["two results", () => sample("xhpl-passed.txt").replace(/^WR.*$/m, "$&\n$&"), /2 result lines/],
    ["a rate of nothing", () => sample("xhpl-passed.txt").replace("1.987e+00", "0.000e+00"), /Gflop/],
  ])("is no result when it is %s", (_, output, problem) => {
    expect(readHplOutput(output())).toEqual({ problem: expect.stringMatching(problem) as string });
  });
});
