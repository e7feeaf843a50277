import { synthesize } from "cdktf-openhpc/testing";
import { azureDemo } from "../../stacks/azure-demo";
import { expectGolden } from "../support/golden";
import { only } from "../support/terraform";

describe("what machines may do in Azure", () => {
  it("give the master's role no more than the machines of its resource group", () => {
    const { terraform } = synthesize(azureDemo, "azure-demo");
    const { permissions, scope, assignable_scopes: scopes } = only(terraform, "azurerm_role_definition");
    expectGolden(
      "azure/master-role.json",
      `${JSON.stringify({ permissions, scope, assignable_scopes: scopes }, undefined, 2)}\n`,
    );
    expect(only(terraform, "azurerm_role_assignment")["scope"]).toBe(scope);
    expect(scope).toMatch(/^\$\{azurerm_resource_group\..*\.id\}$/);
  });
});
