import { styleText } from "node:util";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours only where somebody sees them, and never against their will. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const wanted = (process.env["NO_COLOR"] ?? "") === "" && stream.isTTY && process.env["TERM"] !== "dumb";
  return wanted ? styleText(style, text) : text;
}
