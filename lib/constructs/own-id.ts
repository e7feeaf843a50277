import type { Construct } from "constructs";
import { refuse } from "../model/problems";

/**
 * The id of a construct that is about to be made.
 *
 * @throws ConfigurationError if something in its scope has it already: `constructs` says so in words of its own only
 */
export function ownId(scope: Construct, id: string, kind: string): string {
  const { node } = scope;
  if (node.tryFindChild(id) === undefined) return id;
  const want = `a name that nothing else in ${JSON.stringify(node.path)} has`;
  refuse(`${kind} "${node.path}/${id}"`, [{ at: "id", got: id, want }]);
  return id;
}
