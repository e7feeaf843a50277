import { PowerError } from "../../lib/clouds/power";

/** What the power button fails with; a test in which it does not fail so, fails itself. */
export async function failure(promise: Promise<unknown>): Promise<PowerError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PowerError) return error;
  throw new Error(`it did not fail as it should: ${String(error)}`);
}
