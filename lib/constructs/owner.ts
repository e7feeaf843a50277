import type { Construct } from "constructs";
import { cdktf } from "./cdktf";

/**
 * The mark by which a cluster knows the state that it belongs to: the id of a resource that is nothing else. Terraform
 * chooses it once for a state; what is synthesized stays the same everywhere.
 */
export function makeOwner(scope: Construct, cluster: string): string {
  const { TerraformResource } = cdktf();
  const owner = new TerraformResource(scope, "owner", {
    terraformResourceType: "terraform_data",
    terraformGeneratorMetadata: { providerName: "terraform" },
  });
  owner.addOverride("input", { kind: "owner", cluster });
  return owner.getStringAttribute("id");
}
