import fc from "fast-check";
import { printable, printableJson, printableLines } from "../../../lib/operate/feedback/printable";
import { harmIn, hostileText } from "../../support/hostile-text";

describe("text from outside", () => {
  it.each([
    ["an escape sequence", "\x1b[2J", "\\x1b[2J"],
    ["one of eight bits", "\x9b2J", "\\x9b2J"],
    ["what writes into the clipboard", "\x1b]52;c;eA==\x07", "\\x1b]52;c;eA==\\x07"],
    ["line breaks", "a\r\nb", "a\\r\\nb"],
    ["a tab", "a\tb", "a\\tb"],
    ["NUL", "a\0b", "a\\x00b"],
    ["breaks of lines and paragraphs", "a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"],
    ["an override of the direction", "\u202egpj.exe", "\\u202egpj.exe"],
    ["isolates", "\u2066x\u2069", "\\u2066x\\u2069"],
    ["zero width", "a\u200bb\ufeffc\u3164d", "a\\u200bb\\ufeffc\\u3164d"],
    ["letters that are tags", "\u{e0041}", "\\u{e0041}"],
    ["half a character", "a\ud800b", "a\\ud800b"],
  ])("shows %s instead of doing it", (_, given, shown) => {
    expect(printable(given)).toBe(shown);
  });

  it.each(["job-1_a.b", "Müller", "日本語", "العربية", "😀", "a|b", "\\x1b", "1 < 2 & 3"])(
    "leaves %s as it is",
    (text) => {
      expect(printable(text)).toBe(text);
    },
  );

  it("is cut where it is too long, by characters", () => {
    expect(printable("x".repeat(10), 10)).toBe("x".repeat(10));
    expect(printable("x".repeat(11), 10)).toBe(`${"x".repeat(9)}…`);
    expect(printable("😀".repeat(11), 10)).toBe(`${"😀".repeat(9)}…`);
    expect(printable("😀".repeat(10), 10)).toBe("😀".repeat(10));
    expect(printable("\x1b".repeat(10_000)).length).toBe(1000);
  });

  it("is one line, printable, and no longer than it may be", () => {
    fc.assert(
      fc.property(hostileText(), fc.integer({ min: 1, max: 100 }), (text, longest) => {
        const shown = printable(text, longest);
        expect(harmIn(shown)).toBeUndefined();
        expect(shown).not.toContain("\n");
        expect(Array.from(shown).length).toBeLessThanOrEqual(longest);
        expect(printable(shown, longest)).toBe(shown);
      }),
    );
  });

  it("of several lines has the same ones, each printable", () => {
    expect(printableLines("a\r\n\tb\x1b\rc\n")).toEqual(["a", "    b\\x1b\\rc", ""]);
    fc.assert(
      fc.property(hostileText(), (text) => {
        const lines = printableLines(text);
        expect(harmIn(lines.join("\n"))).toBeUndefined();
        expect(lines).toHaveLength(text.split("\n").length);
      }),
    );
  });

  it("is the same in JSON, which a terminal may show", () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const json = printableJson({ text, [text]: [1] });
        expect(JSON.parse(json)).toEqual({ text, [text]: [1] });
        expect(harmIn(json)).toBeUndefined();
      }),
    );
  });
});
