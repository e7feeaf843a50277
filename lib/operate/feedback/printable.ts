/**
 * What a terminal or a Markdown renderer would act on, or show as nothing: controls, escape sequences, line breaks of
 * every kind, overrides of the direction of writing, zero width, lone surrogates, what Unicode has not assigned.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Of one field or line, in characters: longer than anything that we say ourselves. */
const LONGEST = 1000;

/**
 * Text from machines, users, Slurm, vendors and other programs as one line that does nothing but be read: what is not
 * printable is shown as an escape, `\x1b`, and what is too long ends with `…`.
 */
export function printable(text: string, longest = LONGEST): string {
  // What is cut off need not be looked at; a character is one or two units of UTF-16.
  const shown = text.slice(0, 2 * longest + 2).replace(UNPRINTABLE, escape);
  const characters = Array.from(shown);
  return characters.length <= longest ? shown : `${characters.slice(0, longest - 1).join("")}…`;
}

/** The same of several lines, e.g. what a program wrote: breaks between them stay breaks, tabs become blanks. */
export function printableLines(text: string, longest = LONGEST): readonly string[] {
  return text.split(/\r?\n/).map((line) => printable(line.replaceAll("\t", "    "), longest));
}

/** A document that programs read: JSON says the same with escapes. */
export function printableJson(document: object): string {
  const json = JSON.stringify(document, undefined, 2);
  return json.replace(UNPRINTABLE, (character) => (character === "\n" ? character : unicodeEscape(character)));
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code > 0xffff) return `\\u{${hex}}`;
  return SHORT[character] ?? (code > 0xff ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`);
}

/** JSON knows units of UTF-16 only. */
function unicodeEscape(character: string): string {
  return Array.from({ length: character.length }, (_, k) => character.charCodeAt(k))
    .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
    .join("");
}
