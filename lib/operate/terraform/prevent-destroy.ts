import { kindOf } from "./plan";

/**
 * What lets Terraform plan the end of machines that a stack protects from it (`prevent_destroy`), written beside the stack's
 * definition while such a plan is made. Disks say themselves whether they may go. `undefined` if nothing is protected. Pure.
 */
export function withoutPreventDestroy(definition: unknown): unknown {
  const lifted = Object.entries(record(record(definition)["resource"])).flatMap(([type, blocks]) => {
    const names = Object.entries(record(blocks)).flatMap(([name, block]) =>
      kindOf(type, block) === "machine" && record(record(block)["lifecycle"])["prevent_destroy"] === true ? [name] : [],
    );
    return names.length === 0
      ? []
      : [[type, Object.fromEntries(names.map((name) => [name, { lifecycle: { prevent_destroy: false } }]))] as const];
  });
  return lifted.length === 0 ? undefined : { resource: Object.fromEntries(lifted) };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
