import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { RoleDefinition } from "@cdktf/provider-azurerm/lib/role-definition";
import { UserAssignedIdentity } from "@cdktf/provider-azurerm/lib/user-assigned-identity";
import type { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import { Construct } from "constructs";
import type { ResourceGroupReference } from "./network";
import type { AzureTags } from "./tags";

export interface IdentityOptions {
  readonly provider: AzurermProvider;
  readonly location: string;
  readonly group: ResourceGroupReference;
  readonly prefix: string;
  readonly tags: AzureTags;
}

/**
 * What the master may do in Azure: start, deallocate and look at virtual machines of the cluster's resource group, and
 * nothing else anywhere. Compute nodes have no identity at all, so there is nothing in them to steal.
 */
export class AzureIdentity extends Construct {
  readonly identity: UserAssignedIdentity;
  readonly role: RoleDefinition;
  readonly assignment: RoleAssignment;

  constructor(scope: Construct, id: string, { provider, location, group, prefix, tags }: IdentityOptions) {
    super(scope, id);
    this.identity = new UserAssignedIdentity(this, "identity", {
      provider,
      location,
      resourceGroupName: group.name,
      name: `${prefix}-master`,
      tags: tags.ofCluster(),
    });
    this.role = new RoleDefinition(this, "role", {
      provider,
      // Roles belong to the whole directory, clusters to a resource group.
      name: `${prefix} power in ${group.name}`,
      scope: group.id,
      description: "Starts and deallocates the nodes of a Slurm cluster",
      permissions: [{ actions: [...POWER_ACTIONS], notActions: [] }],
      assignableScopes: [group.id],
    });
    this.assignment = new RoleAssignment(this, "assignment", {
      provider,
      scope: group.id,
      roleDefinitionId: this.role.roleDefinitionResourceId,
      principalId: this.identity.principalId,
      principalType: "ServicePrincipal",
      description: "The master starts and deallocates its nodes",
    });
  }
}

export const POWER_ACTIONS = [
  "Microsoft.Compute/virtualMachines/read",
  "Microsoft.Compute/virtualMachines/instanceView/read",
  "Microsoft.Compute/virtualMachines/start/action",
  "Microsoft.Compute/virtualMachines/deallocate/action",
] as const;
