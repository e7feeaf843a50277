import type { Construct } from "constructs";
import { ConfigurationError } from "../model/problems";

/**
 * The scope, where nothing in it has the id yet; `constructs` itself would only throw from deep inside.
 *
 * @throws ConfigurationError
 */
export function scopeWithFree(id: string, scope: Construct, what: string): Construct {
  const other = scope.node.tryFindChild(id);
  if (other === undefined) return scope;
  const { path } = scope.node;
  throw new ConfigurationError(`${what} "${path}/${id}"`, [
    {
      at: "id",
      got: id,
      want: `one that nothing else in "${path}" has`,
      hint: `its ${other.constructor.name} is called so; the id of a pool is its name`,
    },
  ]);
}
