/** What users need to test their own stacks. */
export { FakeCloud, FakeMachine, FakeMachines, type FakeCloudProps } from "./fake-cloud";
export { type Finding, metadataWithoutToken, openIngress, secretsInUserData, unencryptedDisks } from "./policy";
export { synthesize, type Synthesized } from "./synthesize";
export { instancesOf, type TerraformBlock, type TerraformInstance, type TerraformJson } from "./terraform-json";
