import type { TerraformStack } from "cdktf";
import {
  ComputePool,
  type ComputePoolOptions,
  NfsDisk,
  OpenHpcMaster,
  type OpenHpcMasterProps,
  Size,
} from "cdktf-openhpc";
import { AwsCloud, type AwsCloudProps } from "cdktf-openhpc/aws";
import type { TerraformBlock, TerraformJson } from "cdktf-openhpc/testing";
import { ofGroup } from "./terraform";

/** Nobody has its other half any more. */
export const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG test";
export const PROPS: AwsCloudProps = {
  region: "us-east-1",
  access: { sshPublicKey: KEY, from: [{ cidr: "192.0.2.0/24", reason: "a test" }] },
};

export interface Variant {
  readonly cloud?: Partial<AwsCloudProps>;
  readonly master?: Partial<OpenHpcMasterProps>;
  readonly pool?: Partial<ComputePoolOptions>;
  readonly home?: string;
}

/** A master and a pool `cpu` of two machines. */
export function demo({ cloud = {}, master: more = {}, pool = {}, home: existing }: Variant = {}): (
  stack: TerraformStack,
) => void {
  return (stack) => {
    const home = new NfsDisk(stack, "home", existing === undefined ? { size: Size.gibibytes(100) } : { existing });
    const master = new OpenHpcMaster(stack, "master", { cloud: new AwsCloud({ ...PROPS, ...cloud }), home, ...more });
    new ComputePool(stack, "cpu", { master, nodes: 2, machine: "medium", ...pool });
  };
}

/** The instances of a group. */
export function machineOf(terraform: TerraformJson, group: string): TerraformBlock {
  return ofGroup(terraform, "aws_instance", group);
}
