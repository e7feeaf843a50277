import type { Construct } from "constructs";

/**
 * What `scope` has under that id, made at the first need. Equal options share one resource, in whatever order they come:
 * the id has to say all that makes them equal.
 */
export function once<C extends Construct>(scope: Construct, id: string, make: (scope: Construct, id: string) => C): C {
  return (scope.node.tryFindChild(id) as C | undefined) ?? make(scope, id);
}
