export type { ClusterView } from "../model/cluster-view";
export { inventory, inventoryList, type InventoryGroup, type InventorySource } from "./access/inventory";
export { renderKnownHosts } from "./access/known-hosts";
export { masterOf } from "./access/master";
export { type Deployment, openDeployment } from "./cluster/deployment";
export { configure, type ConfigureOptions, planConfigure } from "./configure/configure";
export { planSteps, type PlannedStep, runSteps, type StepResult, type StepsResult } from "./configure/run-steps";
export { type Effect, EFFECTS, type Step } from "./configure/step/step";
export { applyDeployment } from "./deploy/apply-deployment";
export { planDeployment, type PlannedDeployment } from "./deploy/deployment-plan";
export { introduceMachines } from "./deploy/introduce";
export type { Platform } from "./deploy/platform";
export {
  type HoldingRemote,
  type Remote,
  RemoteError,
  type RemoteFailure,
  type RunOptions,
} from "./exec/remote/remote";
export { SshRemote, type SshRemoteProps } from "./exec/remote/ssh-remote";
export type { Consenter } from "./feedback/consent";
export { EXIT_CODES, Failure, type FailureDetails, type FailureKind } from "./feedback/failure";
export type { Progress, Report } from "./feedback/progress";
export { ClusterPower } from "./power/cluster-power";
export { type Placement, placementIn, placementsEverywhere } from "./scheduler/placement";
export { nodesReady, type Readiness } from "./scheduler/ready";
export { clusterStatus, type ClusterStatus } from "./scheduler/status";
export { type HelloResult, smokeHello } from "./smoke/hello";
export { type HplResult, smokeHpl } from "./smoke/hpl";
export { hplGrid, type ProcessGrid } from "./smoke/hpl-grid";
export type { Place } from "./stack/project";
export { stackCost, type StackCost } from "./verbs/cost";
export { resume, type Resumed, type ResumeOptions } from "./verbs/resume";
export { stop, type Stopped, type StopOptions } from "./verbs/stop";
export { up, type UpOptions, type UpResult } from "./verbs/up";
