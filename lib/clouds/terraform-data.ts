import { type TerraformMetaArguments, TerraformResource } from "cdktf";
import type { Construct } from "constructs";

export interface TerraformDataConfig extends Pick<TerraformMetaArguments, "dependsOn" | "lifecycle" | "provisioners"> {
  /** One instance per key; its value is `each.value`. cdktf's own iterators rewrite the keys (`cpu-1` to `cpu_1`). */
  readonly forEach?: Readonly<Record<string, unknown>>;
  /** Kept in the state, and the only thing that a destroy provisioner may read (`self.input`). */
  readonly input?: unknown;
  /** What replaces the resource when it changes. */
  readonly triggersReplace?: unknown;
}

/**
 * `terraform_data`, the resource that is built into Terraform.
 *
 * cdktf's `DataResource` starts `terraform version` twice for each instance while it synthesizes, and cannot synthesize
 * where there is no terraform; the tool checks the version when it runs Terraform.
 */
export class TerraformData extends TerraformResource {
  constructor(
    scope: Construct,
    id: string,
    private readonly config: TerraformDataConfig,
  ) {
    const { dependsOn, lifecycle, provisioners } = config;
    super(scope, id, {
      terraformResourceType: "terraform_data",
      terraformGeneratorMetadata: { providerName: "terraform" },
      dependsOn,
      lifecycle,
      provisioners,
    });
  }

  /** Without `forEach`, which is among the attributes: cdktf would put its own, which is undefined, in its place. */
  override get terraformMetaArguments(): Record<string, unknown> {
    const { forEach: _, ...rest } = super.terraformMetaArguments as Record<string, unknown>;
    return rest;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    const { forEach, input, triggersReplace } = this.config;
    return { for_each: forEach, input, triggers_replace: triggersReplace };
  }

  protected override synthesizeHclAttributes(): Record<string, unknown> {
    const attributes = Object.entries(this.synthesizeAttributes()).filter(([, value]) => value !== undefined);
    return Object.fromEntries(
      attributes.map(([name, value]) => [name, { value, isBlock: false, type: "map", storageClassType: "anyMap" }]),
    );
  }
}
