import type { ProcessGrid } from "./hpl-grid";

export interface HplInput {
  /** Rows of the matrix: N. */
  readonly size: number;
  /** Columns in a block: NB. */
  readonly block: number;
  readonly grid: ProcessGrid;
  /** A scaled residual above it is a wrong result. @default 16 */
  readonly threshold?: number;
}

/** The input file of `xhpl`: one run; the algorithm's switches as the original system set them. */
export function renderHplDat({ size, block, grid, threshold = 16 }: HplInput): string {
  const lines: (readonly [value: string | number, meaning: string])[] = [
    ["HPL.out", "output file name (if any)"],
    [6, "device out (6=stdout,7=stderr,file)"],
    [1, "# of problems sizes (N)"],
    [size, "Ns"],
    [1, "# of NBs"],
    [block, "NBs"],
    [0, "PMAP process mapping (0=Row-,1=Column-major)"],
    [1, "# of process grids (P x Q)"],
    [grid.rows, "Ps"],
    [grid.columns, "Qs"],
    [decimal(threshold), "threshold"],
    [1, "# of panel fact"],
    [2, "PFACTs (0=left, 1=Crout, 2=Right)"],
    [1, "# of recursive stopping criterium"],
    [2, "NBMINs (>= 1)"],
    [1, "# of panels in recursion"],
    [2, "NDIVs"],
    [1, "# of recursive panel fact."],
    [1, "RFACTs (0=left, 1=Crout, 2=Right)"],
    [1, "# of broadcast"],
    [0, "BCASTs (0=1rg,1=1rM,2=2rg,3=2rM,4=Lng,5=LnM)"],
    [1, "# of lookahead depth"],
    [0, "DEPTHs (>=0)"],
    [0, "SWAP (0=bin-exch,1=long,2=mix)"],
    [1, "swapping threshold"],
    [1, "L1 in (0=transposed,1=no-transposed) form"],
    [1, "U  in (0=transposed,1=no-transposed) form"],
    [0, "Equilibration (0=no,1=yes)"],
    [8, "memory alignment in double (> 0)"],
  ];
  const body = lines.map(([value, meaning]) => `${String(value).padEnd(12)} ${meaning}`);
  return ["HPLinpack benchmark input file", "written by ohpc smoke hpl", ...body, ""].join("\n");
}

/** HPL reads C numbers; people read `16.0`. */
function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
