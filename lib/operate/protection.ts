/** Resources that are machines, besides those of local clusters. Disks say themselves whether they may go. */
const MACHINES = ["aws_instance", "azurerm_linux_virtual_machine"];

/**
 * What lets Terraform plan the end of machines that a stack protects from it (`prevent_destroy`), written beside the stack's
 * definition while such a plan is made. `undefined` if nothing is protected. Pure.
 */
export function withoutProtection(definition: unknown): unknown {
  const lifted = Object.entries(record(record(definition)["resource"])).flatMap(([type, blocks]) => {
    const names = Object.entries(record(blocks)).flatMap(([name, block]) =>
      isMachine(type, record(block)) && record(record(block)["lifecycle"])["prevent_destroy"] === true ? [name] : [],
    );
    return names.length === 0
      ? []
      : [[type, Object.fromEntries(names.map((name) => [name, { lifecycle: { prevent_destroy: false } }]))] as const];
  });
  return lifted.length === 0 ? undefined : { resource: Object.fromEntries(lifted) };
}

/** On `local` everything is a `terraform_data`, whose input says what it is. */
function isMachine(type: string, block: Readonly<Record<string, unknown>>): boolean {
  return MACHINES.includes(type) || (type === "terraform_data" && record(block["input"])["kind"] === "machine");
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
