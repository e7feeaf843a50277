export { applyDeployment } from "./deploy/apply-deployment";
export type { Place } from "./stack/project";
export type { ClusterView } from "../model/cluster-view";
export { configure, type ConfigureOptions, planConfigure } from "./configure/configure";
export { introduceMachines } from "./deploy/introduce";
export { planDeployment, type PlannedDeployment } from "./deploy/deployment-plan";
export { type Deployment, openDeployment } from "./cluster/deployment";
export { EXIT_CODES, Failure, type FailureDetails, type FailureKind } from "./feedback/failure";
export { inventory, inventoryList, type InventoryGroup, type InventorySource } from "./access/inventory";
export { renderKnownHosts } from "./access/known-hosts";
export { masterOf } from "./access/master";
export { ClusterPower } from "./power/cluster-power";
export { nodesReady, type Readiness } from "./scheduler/ready";
export type { Progress, Report } from "./feedback/progress";
export {
  type HoldingRemote,
  type Remote,
  RemoteError,
  type RemoteFailure,
  type RunOptions,
} from "./exec/remote/remote";
export { SshRemote, type SshRemoteProps } from "./exec/remote/ssh-remote";
export { planSteps, type PlannedStep, runSteps, type StepResult, type StepsResult } from "./configure/run-steps";
export { type HelloResult, smokeHello } from "./smoke/hello";
export { type HplResult, smokeHpl } from "./smoke/hpl";
export { hplGrid, type ProcessGrid } from "./smoke/hpl-grid";
export { type Placement, placementIn, placementsEverywhere } from "./scheduler/placement";
export { resume, type Resumed, type ResumeOptions } from "./verbs/resume";
export { stackCost, type StackCost } from "./verbs/cost";
export { clusterStatus, type ClusterStatus } from "./scheduler/status";
export { type Effect, EFFECTS, type Step } from "./configure/step/step";
export { stop, type Stopped, type StopOptions } from "./verbs/stop";
export { up, type UpOptions, type UpResult } from "./verbs/up";
