import { Failure } from "./failure";
import type { Treatment } from "./treatment";

/** Who may say yes to a loss: `--yes`, or somebody at a terminal. */
export interface Consenter {
  /** Said beforehand. */
  readonly yes: boolean;
  /** Shows the lines and asks; absent where nobody can be asked. */
  readonly ask?: (lines: readonly string[], question: string) => Promise<boolean>;
  /** What becomes of jobs that are in the way. @default now */
  readonly treatment?: Treatment | undefined;
}

/**
 * Goes on only if somebody agrees to the losses.
 *
 * @throws Failure of kind `consent`
 */
export async function agree(
  consenter: Consenter,
  lines: readonly string[],
  question: string,
  again: string,
): Promise<void> {
  if (consenter.yes) return;
  if (consenter.ask !== undefined) {
    if (await consenter.ask(lines, question)) return;
    throw new Failure("consent", "nothing was changed: you did not agree", { code: "consent.refused" });
  }
  throw new Failure("consent", "this needs your consent; nothing was changed", {
    code: "consent.needed",
    remedy: `if this is what you want: ${again}`,
    output: lines,
  });
}
