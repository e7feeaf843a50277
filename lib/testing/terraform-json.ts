/** As much of Terraform's JSON syntax as cdktf writes. */
export interface TerraformJson {
  readonly terraform?: Readonly<Record<string, unknown>>;
  readonly resource?: Readonly<Record<string, Readonly<Record<string, TerraformBlock>>>>;
  readonly output?: Readonly<Record<string, { readonly value: unknown; readonly sensitive?: boolean }>>;
}

export type TerraformBlock = Readonly<Record<string, unknown>>;

/** One thing that Terraform will make. */
export interface TerraformInstance {
  /** The resource as written, but for `for_each`: it is the same for all instances. */
  readonly body: TerraformBlock;
  /** `each.value`; `undefined` for a resource without `for_each`. */
  readonly each: unknown;
}

/** Every instance by its address, in order: `terraform_data.x["cpu-1"]`. */
export function instancesOf({ resource = {} }: TerraformJson): Map<string, TerraformInstance> {
  const instances = Object.entries(resource).flatMap(([type, blocks]) =>
    Object.entries(blocks).flatMap(([name, { for_each: forEach, ...body }]): [string, TerraformInstance][] => {
      const address = `${type}.${name}`;
      if (forEach === undefined) return [[address, { body, each: undefined }]];
      if (typeof forEach !== "object" || forEach === null)
        throw new Error(`for_each of ${address} is not known at synth`);
      return Object.entries(forEach).map(([key, each]) => [
        `${address}[${JSON.stringify(key)}]`,
        { body, each: each as unknown },
      ]);
    }),
  );
  return new Map(instances.sort(([a], [b]) => (a < b ? -1 : 1)));
}
