import Table from "cli-table3";

export interface TableOptions {
  /** Columns of numbers, by their heads: they stand to the right. */
  readonly right?: readonly string[];
}

/** Columns with blanks between them and no lines: for people, `grep` and `awk` alike. */
export function tableOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [] }: TableOptions = {},
): string {
  const table = new Table({
    chars: CHARACTERS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    head: [...head],
    colAligns: head.map((name) => (right.includes(name) ? "right" : "left")),
  });
  table.push(...rows.map((row) => [...row]));
  // The last column is filled with blanks.
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const CHARACTERS = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((place) => [place, place === "middle" ? "  " : ""]),
);
