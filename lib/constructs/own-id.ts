import { Construct } from "constructs";
import { refuse } from "../model/problems";

/**
 * The id of a construct that is about to be made. Nothing has to have looked at it or its scope before, as where stacks
 * are JavaScript: `constructs` says what is wrong with them in words of its own only.
 *
 * @throws ConfigurationError if it is none, or something in its scope has it already
 */
export function ownId(scope: Construct, id: string, kind: string): string {
  if (!Construct.isConstruct(scope)) {
    const want = "a construct: the stack, or something in it";
    refuse(kind, [{ at: "scope", got: scope, want }]);
  }
  const { path } = scope.node;
  if (typeof id !== "string" || id === "") {
    refuse(`${kind} in "${path}"`, [{ at: "id", got: id, want: "text that is not empty" }]);
  }
  const other = scope.node.tryFindChild(id);
  if (other === undefined) return id;
  const want = `one that nothing else in "${path}" has`;
  const hint = `its ${other.constructor.name} is called so; the id of a pool is its name`;
  refuse(`${kind} "${path}/${id}"`, [{ at: "id", got: id, want, hint }]);
  return id;
}
