import type { TerraformStack } from "cdktf";
import {
  ComputePool,
  type ComputePoolOptions,
  NfsDisk,
  OpenHpcMaster,
  type OpenHpcMasterProps,
  Size,
} from "cdktf-openhpc";
import { AzureCloud, type AzureCloudProps } from "cdktf-openhpc/azure";
import type { TerraformBlock, TerraformJson } from "cdktf-openhpc/testing";
import { ofGroup } from "./terraform";

/** Nobody has its other half any more. */
export const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG test";
export const PROPS: AzureCloudProps = {
  location: "westeurope",
  access: { sshPublicKey: KEY, from: [{ cidr: "192.0.2.0/24", reason: "a test" }] },
};
export const SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000";
export const COMPUTE = `${SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.Compute`;
export const SUBNETS = `${SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/campus/subnets`;

export interface Variant {
  readonly cloud?: Partial<AzureCloudProps>;
  readonly master?: Partial<OpenHpcMasterProps>;
  /** `id`: the pool's name. @default "cpu" */
  readonly pool?: Partial<ComputePoolOptions> & { readonly id?: string };
  readonly home?: string;
}

/** A master and a pool of two machines. */
export function demo({
  cloud = {},
  master: more = {},
  pool: { id = "cpu", ...pool } = {},
  home: existing,
}: Variant = {}): (stack: TerraformStack) => void {
  return (stack) => {
    const home = new NfsDisk(stack, "home", existing === undefined ? { size: Size.gibibytes(100) } : { existing });
    const master = new OpenHpcMaster(stack, "master", { cloud: new AzureCloud({ ...PROPS, ...cloud }), home, ...more });
    new ComputePool(stack, id, { master, nodes: 2, machine: "medium", ...pool });
  };
}

/** The virtual machines of a group. */
export function machineOf(terraform: TerraformJson, group: string): TerraformBlock {
  return ofGroup(terraform, "azurerm_linux_virtual_machine", group);
}

export function userDataOf(terraform: TerraformJson, group: string): string {
  return Buffer.from(machineOf(terraform, group)["custom_data"] as string, "base64").toString("utf8");
}
