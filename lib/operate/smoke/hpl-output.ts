/** What `xhpl` says it measured. */
export interface HplRun {
  readonly size: number;
  readonly block: number;
  readonly rows: number;
  readonly columns: number;
  readonly seconds: number;
  readonly gflops: number;
  /** The scaled residual: below the threshold, the solution is one. */
  readonly residual: number;
  readonly passed: boolean;
}

export type HplReading = { readonly run: HplRun } | { readonly problem: string };

/** Reads the output of a run of one problem. Anything that is missing is a problem: a benchmark that died has no result. */
export function readHplOutput(output: string): HplReading {
  const lines = output.split("\n");
  const results = lines.map((line) => RESULT.exec(line)?.groups).filter((groups) => groups !== undefined);
  const [result, another] = results;
  if (result === undefined) return { problem: "xhpl printed no result line (WR…)" };
  if (another !== undefined) return { problem: `xhpl printed ${results.length} result lines where one was asked for` };
  if (!lines.some((line) => line.trim() === "End of Tests."))
    return { problem: "xhpl did not come to its end (End of Tests.)" };

  const checks = lines.map((line) => RESIDUAL.exec(line)?.groups).filter((groups) => groups !== undefined);
  const [check] = checks;
  if (check === undefined) return { problem: "xhpl printed no residual: the result was not checked" };
  const number = (name: string) => Number(result[name]);
  const run: HplRun = {
    size: number("size"),
    block: number("block"),
    rows: number("rows"),
    columns: number("columns"),
    seconds: number("seconds"),
    gflops: number("gflops"),
    residual: Number(check["residual"]),
    passed: checks.every((groups) => groups["verdict"] === "PASSED"),
  };
  if (!(run.gflops > 0)) return { problem: `xhpl printed ${String(result["gflops"])} Gflop/s` };
  return { run };
}

const RESULT =
  /^W[RC]\S+\s+(?<size>\d+)\s+(?<block>\d+)\s+(?<rows>\d+)\s+(?<columns>\d+)\s+(?<seconds>[\d.]+)\s+(?<gflops>[\d.eE+-]+)\s*$/;

/** `||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)=   3.52e-03 ...... PASSED` */
const RESIDUAL = /^\|\|Ax-b\|\|_oo.*=\s*(?<residual>\S+)\s+\.+\s+(?<verdict>PASSED|FAILED)/;
