/** The outputs in what `terraform show -json` tells of the state. */
export function outputsOf(state: unknown): Readonly<Record<string, unknown>> {
  const { values } = state as {
    readonly values?: { readonly outputs?: Readonly<Record<string, { readonly value: unknown }>> };
  };
  return Object.fromEntries(Object.entries(values?.outputs ?? {}).map(([name, { value }]) => [name, value]));
}

/** The outputs that a plan, as `terraform show -json` tells it, will give; those that nobody can know yet are left out. */
export function plannedOutputs(plan: unknown): Readonly<Record<string, unknown>> {
  const { output_changes: changes } = plan as {
    readonly output_changes?: Readonly<Record<string, { readonly after?: unknown; readonly after_unknown?: unknown }>>;
  };
  return Object.fromEntries(
    Object.entries(changes ?? {}).flatMap(([name, change]) =>
      isUnknown(change.after_unknown) || change.after === undefined ? [] : [[name, change.after]],
    ),
  );
}

/** Terraform marks each unknown part of a value with `true` where it stands. */
function isUnknown(mark: unknown): boolean {
  if (typeof mark === "object" && mark !== null) return Object.values(mark).some(isUnknown);
  return mark === true;
}
