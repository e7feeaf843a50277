import type { Effect } from "../../slurm/effects";
import type { ChangePlan } from "./change-plan";

/** What of a whole plan has which effect. Pure. */
export function effectsIn({
  resources,
  steps,
  actions,
}: ChangePlan): readonly { readonly words: string; readonly effect: Effect }[] {
  return [
    ...resources.map(({ action, effect, name }) => ({ effect, words: `${action} ${name}` })),
    ...steps.map(({ effect, title }) => ({ effect, words: title })),
    ...actions,
  ];
}
