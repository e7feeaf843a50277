/** The outputs in what `terraform show -json` tells of the state. */
export function outputsOf(state: unknown): Readonly<Record<string, unknown>> {
  const { values } = state as {
    readonly values?: { readonly outputs?: Readonly<Record<string, { readonly value: unknown }>> };
  };
  return Object.fromEntries(Object.entries(values?.outputs ?? {}).map(([name, { value }]) => [name, value]));
}

/** What stands for a value that nobody can know before Terraform has made something. */
export const UNKNOWN_YET = "(known after apply)";

/** The outputs that a plan, as `terraform show -json` tells it, will give; of what nobody can know yet `UNKNOWN_YET`. */
export function plannedOutputs(plan: unknown): Readonly<Record<string, unknown>> {
  const { output_changes: changes } = plan as {
    readonly output_changes?: Readonly<Record<string, { readonly after?: unknown; readonly after_unknown?: unknown }>>;
  };
  return Object.fromEntries(
    Object.entries(changes ?? {}).flatMap(([name, { after, after_unknown: unknown }]) => {
      const value = filled(after, unknown);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Terraform leaves out what it does not know, and marks it with `true` where it would stand. */
function filled(value: unknown, unknown: unknown): unknown {
  if (unknown === true) return UNKNOWN_YET;
  if (Array.isArray(unknown)) {
    const known = Array.isArray(value) ? (value as readonly unknown[]) : [];
    return Array.from({ length: Math.max(known.length, unknown.length) }, (_, k) => filled(known[k], unknown[k]));
  }
  if (typeof unknown !== "object" || unknown === null) return value;
  const known = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const keys = new Set([...Object.keys(known), ...Object.keys(unknown)]);
  return Object.fromEntries(
    [...keys].flatMap((key) => {
      const one = filled(known[key], (unknown as Readonly<Record<string, unknown>>)[key]);
      return one === undefined ? [] : [[key, one]];
    }),
  );
}
