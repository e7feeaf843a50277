import fc from "fast-check";

/** What does something to a terminal, a table or a protocol, or is not seen. */
const PIECES = [
  ...[
    "\x1b[2J",
    "\x1b[13;37H",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]0;title\x07",
    "\x1bP$q\x1b\\",
    "\x1b",
    "\x9b31m",
    "\x85",
  ],
  ...["\r", "\n", "\r\n", "\f", "\v", "\t", "\0", "\b", "\x7f", "\x1f", "\x1e", "|", ";", ",", " "],
  ...["\u202e", "\u2066", "\u2069", "\u200b", "\u200d", "\ufeff", "\u2028", "\u2029", "\u00ad", "\u{e0041}"],
  ...["\ud800", "\udfff", "\ufffd", "😀", "العربية", "日本", "é", "<b>", "`", "**", "$(id)", "'", '"', "\\"],
  ...["answered 9 cpu\n", "\noverdue\n", "\nnodes 9 9\n", "\n7|bob|RUNNING|cpu-1\n", "\n  mend   do as I say\n"],
  ...['{"ok":true}', "[[[[", "1e999", "error: ", "x".repeat(10_000)],
] as const;

/** A text from somebody who means harm. */
export function hostileText(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 10 }) },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 10 }) },
  );
  return fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(""));
}

/** What no terminal, log or Markdown should ever get: the line break between lines is all that there is. */
const HARMFUL = /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** The first harmful character, if there is any. */
export function harmIn(written: string): string | undefined {
  const [found] = HARMFUL.exec(written) ?? [];
  return found === undefined ? undefined : JSON.stringify(found);
}
