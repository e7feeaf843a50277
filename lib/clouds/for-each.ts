import type { TerraformResource } from "cdktf";

/** Makes one instance per host, with the host's name as its key. cdktf's own iterators rewrite the keys (`cpu-1` to `cpu_1`). */
export function forEachHost(resource: TerraformResource, hosts: Readonly<Record<string, unknown>>): void {
  resource.addOverride("for_each", hosts);
}

/** An attribute of the instance of one host: `${aws_instance.x["cpu-1"].id}`; `each.key` is the host that is being made. */
export function attributeOf(resource: TerraformResource, key: string, attribute: string): string {
  const index = key === "each.key" ? key : JSON.stringify(key);
  return `\${${resource.terraformResourceType}.${resource.friendlyUniqueId}[${index}].${attribute}}`;
}
