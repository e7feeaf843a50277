import { AwsCloud, type AwsCloudProps } from "cdktf-openhpc/aws";
import type { TerraformBlock, TerraformJson } from "cdktf-openhpc/testing";
import { ACCESS, demoIn, type Variant as VariantOf } from "./demo";
import { ofGroup } from "./terraform";

export { KEY } from "./demo";
export const PROPS: AwsCloudProps = { region: "us-east-1", access: ACCESS };
export type Variant = VariantOf<AwsCloudProps>;
export const demo = demoIn((props: AwsCloudProps) => new AwsCloud(props), PROPS);

/** The instances of a group. */
export function machineOf(terraform: TerraformJson, group: string): TerraformBlock {
  return ofGroup(terraform, "aws_instance", group);
}
