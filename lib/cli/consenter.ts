import type { Consenter } from "../operate/feedback/consent";
import type { Treatment } from "../operate/feedback/treatment";
import { writeLines } from "./output";
import { paint } from "./paint";
import { type Terminal } from "./terminal";

/** Somebody at the terminal, or `--yes`. */
export function consenterAt(terminal: Terminal, yes: boolean, treatment?: Treatment): Consenter {
  if (yes || !terminal.canAsk) return { yes, treatment };
  return {
    yes,
    treatment,
    ask: async (lines, question) => {
      writeLines(["", ...lines.map((line) => `  ${line}`), ""]);
      const answer = await terminal.ask(`${paint("bold", question)} Only yes means yes: `);
      return answer.toLowerCase() === "yes";
    },
  };
}
