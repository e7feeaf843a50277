import { AzureCloud, type AzureCloudProps } from "cdktf-openhpc/azure";
import type { TerraformBlock, TerraformJson } from "cdktf-openhpc/testing";
import { ACCESS, demoIn, type Variant as VariantOf } from "./demo";
import { ofGroup } from "./terraform";

export { KEY } from "./demo";
export const PROPS: AzureCloudProps = { location: "westeurope", access: ACCESS };
export type Variant = VariantOf<AzureCloudProps>;
export const SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000";
export const COMPUTE = `${SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.Compute`;
export const SUBNETS = `${SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/campus/subnets`;
export const demo = demoIn((props: AzureCloudProps) => new AzureCloud(props), PROPS);

/** The virtual machines of a group. */
export function machineOf(terraform: TerraformJson, group: string): TerraformBlock {
  return ofGroup(terraform, "azurerm_linux_virtual_machine", group);
}

export function userDataOf(terraform: TerraformJson, group: string): string {
  return Buffer.from(machineOf(terraform, group)["custom_data"] as string, "base64").toString("utf8");
}
