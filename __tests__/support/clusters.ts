import type { TerraformStack } from "cdktf";
import {
  ComputePool,
  type ComputePoolOptions,
  ConfigurationError,
  OpenHpcMaster,
  type OpenHpcMasterProps,
} from "cdktf-openhpc";
import { FakeCloud, type FakeMachines, synthesize } from "cdktf-openhpc/testing";
import type { Construct } from "constructs";

/** A master named `master` on a fake cloud. */
export function fakeMaster(
  scope: Construct,
  props: Partial<OpenHpcMasterProps<FakeMachines>> = {},
): OpenHpcMaster<FakeMachines> {
  return new OpenHpcMaster(scope, "master", { cloud: new FakeCloud(), ...props });
}

/** A master with one pool `cpu` of two nodes, unless told otherwise. */
export function smallCluster(
  stack: TerraformStack,
  pool: Partial<ComputePoolOptions> = {},
): OpenHpcMaster<FakeMachines> {
  const master = fakeMaster(stack);
  new ComputePool(stack, "cpu", { master, nodes: 2, ...pool });
  return master;
}

/** What a user reads when the stack cannot be built. */
export function refusal(build: (stack: TerraformStack) => void): string {
  try {
    synthesize(build);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error("it was built without a problem");
}

/** The problems that a refusal names, each a line, without the first, which says what cannot be built. */
export function refusals(build: (stack: TerraformStack) => void): readonly string[] {
  return problemLines(refusal(build));
}

/** What a refusal says, one line for each problem. */
export function problemLines(message: string): readonly string[] {
  return message
    .split("\n")
    .slice(1)
    .map((line) => line.trim().slice(2));
}
