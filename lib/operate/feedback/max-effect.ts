import { EFFECTS, type Effect } from "../../slurm/effects";
import { Failure } from "./failure";

/**
 * Refuses what does more to a running cluster than somebody wants it to.
 *
 * @param parts - what has which effect, for people
 * @throws Failure of kind `consent`
 */
export function refuseStronger(
  parts: readonly { readonly words: string; readonly effect: Effect }[],
  most: Effect | undefined,
): void {
  if (most === undefined) return;
  const strong = parts.filter(({ effect }) => EFFECTS.indexOf(effect) > EFFECTS.indexOf(most));
  if (strong.length === 0) return;
  throw new Failure("consent", `this does more than "${most}" to the running cluster; nothing was changed`, {
    code: "effect.too-strong",
    cause: "--max-effect allows no more",
    remedy: `look at it (ohpc plan), and allow it: --max-effect "${strong.map(({ effect }) => effect).sort((a, b) => EFFECTS.indexOf(b) - EFFECTS.indexOf(a))[0] ?? ""}"`,
    output: strong.map(({ effect, words }) => `${effect}: ${words}`),
  });
}
