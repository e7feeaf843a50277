/** Columns with blanks between them and no lines: for people, `grep` and `awk` alike. */
export const plainTable = {
  chars: Object.fromEntries(
    ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
      .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
      .map((place) => [place, place === "middle" ? "  " : ""]),
  ),
  style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
};

/** The table fills its last column with blanks. */
export function trimmed(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
