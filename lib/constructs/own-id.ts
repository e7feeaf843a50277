import type { Construct } from "constructs";
import { refuse } from "../model/problems";

/**
 * The id of a construct that is about to be made.
 *
 * @throws ConfigurationError if something in its scope has it already: `constructs` says so in words of its own only
 */
export function ownId(scope: Construct, id: string, kind: string): string {
  const { path } = scope.node;
  const other = scope.node.tryFindChild(id);
  if (other === undefined) return id;
  const want = `one that nothing else in "${path}" has`;
  const hint = `its ${other.constructor.name} is called so; the id of a pool is its name`;
  refuse(`${kind} "${path}/${id}"`, [{ at: "id", got: id, want, hint }]);
  return id;
}
