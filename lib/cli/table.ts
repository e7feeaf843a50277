import Table from "cli-table3";
import { shown } from "./output";
import { withOurColours } from "./paint";

export interface TableOptions {
  /** Columns of numbers, by their heads: they stand to the right. */
  readonly right?: readonly string[];
}

/** Characters of a cell: a reason that somebody gave must not push everything else off the screen. */
const LONGEST_CELL = 300;

/** The lines of a table, with blanks between columns and no rules: for people, `grep` and `awk` alike. */
export function tableOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [] }: TableOptions = {},
): readonly string[] {
  const table = new Table({
    chars: CHARACTERS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    head: [...head],
    colAligns: head.map((name) => (right.includes(name) ? "right" : "left")),
  });
  table.push(...rows.map((row) => row.map((cell) => shown(cell, LONGEST_CELL))));
  // The last column is filled with blanks.
  return table
    .toString()
    .split("\n")
    .map((line) => withOurColours(line.trimEnd()));
}

const CHARACTERS = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((place) => [place, place === "middle" ? "  " : ""]),
);
