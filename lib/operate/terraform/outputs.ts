/** The outputs in what `terraform show -json` tells of the state. */
export function outputsOf(state: unknown): Readonly<Record<string, unknown>> {
  const { values } = state as {
    readonly values?: { readonly outputs?: Readonly<Record<string, { readonly value: unknown }>> };
  };
  return Object.fromEntries(Object.entries(values?.outputs ?? {}).map(([name, { value }]) => [name, value]));
}
