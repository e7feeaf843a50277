import type { TerraformBlock, TerraformJson } from "cdktf-openhpc/testing";

/** All resources of one type. */
export function blocks(terraform: TerraformJson, type: string): readonly TerraformBlock[] {
  return Object.values(terraform.resource?.[type] ?? {});
}

/** The one resource of that type. */
export function only(terraform: TerraformJson, type: string): TerraformBlock {
  const [first, ...more] = blocks(terraform, type);
  if (first === undefined || more.length > 0) throw new Error(`${more.length} more than one, or no ${type}`);
  return first;
}

/** The block of that type that was made for a group of machines. */
export function ofGroup(terraform: TerraformJson, type: string, group: string): TerraformBlock {
  const found = blocks(terraform, type).find(({ tags }) => (tags as Record<string, string>)["ohpc:group"] === group);
  if (found === undefined) throw new Error(`no ${type} of ${group}`);
  return found;
}

export function named(terraform: TerraformJson, type: string, name: string): TerraformBlock | undefined {
  return blocks(terraform, type).find((block) => block["name"] === name);
}

/** What is looked up, of one type. */
export function dataOf(terraform: TerraformJson, type: string): readonly TerraformBlock[] {
  const { data } = terraform as { data?: Record<string, Record<string, TerraformBlock>> };
  return Object.values(data?.[type] ?? {});
}
