import { randomUUID } from "node:crypto";
import { styleText } from "node:util";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Stands before our own colours until they are written: text from outside cannot know it, and so cannot have any. */
const OURS = randomUUID();

/** Colours only where somebody sees them, and never against their will. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const wanted = (process.env["NO_COLOR"] ?? "") === "" && stream.isTTY && process.env["TERM"] !== "dumb";
  if (!wanted) return text;
  const [open = "", close = ""] = styleText(style, "\0").split("\0");
  return `${ours(open)}${text}${ours(close)}`;
}

/** The parts of a text that `paint` made pieces of, each with the code of the colour that it begins with. */
export function paintedParts(text: string): readonly { readonly colour: string; readonly text: string }[] {
  return text.split(OURS).map((part, k) => {
    const [colour = ""] = k === 0 ? [] : (COLOUR.exec(part) ?? []);
    return { colour, text: part.slice(colour.length) };
  });
}

/** Takes colours in a text that is printable but for them for our own. */
export function withOurColours(text: string): string {
  return text.replaceAll(COLOURS, ours);
}

function ours(code: string): string {
  return code === "" ? "" : `${OURS}${code}`;
}

// eslint-disable-next-line no-control-regex
const COLOUR = /^\u001b\[[0-9;]*m/;
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[0-9;]*m/g;
