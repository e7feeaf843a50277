import type { Step } from "./step";

/**
 * The steps so that each comes after all that it needs; otherwise in the order given.
 *
 * @throws RangeError for an id that is there twice, a need that is not there, or steps that need each other
 */
export function orderSteps(steps: readonly Step[]): readonly Step[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  if (byId.size !== steps.length)
    throw new RangeError(`two steps have the same id: ${steps.map(({ id }) => id).join(", ")}`);
  const ordered = new Set<Step>();
  const visit = (step: Step, path: readonly string[]) => {
    if (path.includes(step.id)) throw new RangeError(`steps need each other: ${[...path, step.id].join(" → ")}`);
    for (const id of step.needs) {
      const needed = byId.get(id);
      if (needed === undefined) throw new RangeError(`step ${step.id} needs ${id}, which is not there`);
      visit(needed, [...path, step.id]);
    }
    ordered.add(step);
  };
  steps.forEach((step) => {
    visit(step, []);
  });
  return [...ordered];
}

/** All ids that a step needs, also through others. */
export function allNeeds(step: Step, steps: readonly Step[]): ReadonlySet<string> {
  const byId = new Map(steps.map((other) => [other.id, other]));
  const found = new Set<string>();
  const visit = (id: string) => {
    if (found.has(id)) return;
    found.add(id);
    byId.get(id)?.needs.forEach(visit);
  };
  step.needs.forEach(visit);
  return found;
}
