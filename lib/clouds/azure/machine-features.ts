import type { Problem } from "../../model/problems";
import type { MachinesSpec } from "../cloud";
import { abilitiesOf } from "./catalogue";
import type { ImageSource } from "./image";
import type { AzureMachine, AzureMachineOptions } from "./machine";

/** What an availability set holds: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits, November 2026. */
const MOST_IN_SET = 200;

/** What machines of a group have beyond their size. */
export interface Features extends Required<
  Pick<AzureMachineOptions, "infiniband" | "placementGroup" | "acceleratedNetworking" | "secureBoot">
> {
  readonly trustedLaunch: boolean;
  readonly nvme: boolean;
}

/** What the machines are to have: what the user says, else what their size and image can. */
export function featuresOf({ role, shape }: MachinesSpec, machine: AzureMachine, image: ImageSource): Features {
  const can = abilitiesOf(machine.type);
  const infiniband = role === "compute" && joinsFabric(machine);
  const trustedLaunch = can.trustedLaunch && image.trustedLaunch;
  const unsigned = (shape.gpus?.count ?? 0) > 0 || can.infiniband !== undefined;
  const {
    placementGroup = infiniband,
    acceleratedNetworking = can.acceleratedNetworking,
    secureBoot = !unsigned,
  } = machine.options;
  return {
    infiniband,
    placementGroup,
    acceleratedNetworking,
    trustedLaunch,
    secureBoot: secureBoot && trustedLaunch,
    nvme: can.nvme,
  };
}

/** What is wrong with a group of machines that only its whole tells. */
export function groupProblems({ hosts }: MachinesSpec, machine: AzureMachine): readonly Problem[] {
  if (!joinsFabric(machine) || hosts.length <= MOST_IN_SET) return [];
  const want = `at most ${MOST_IN_SET}: machines that share InfiniBand are one availability set`;
  return [
    { at: "nodes", got: hosts.length, want, hint: "make several pools, or AzureMachine.of(…, { infiniband: false })" },
  ];
}

/** An availability set takes neither spare nor reserved capacity. */
function joinsFabric({ type, options }: AzureMachine): boolean {
  const { spot = false, capacityReservation, infiniband } = options;
  if (infiniband !== undefined) return infiniband;
  return abilitiesOf(type).infiniband !== undefined && spot === false && capacityReservation === undefined;
}

/** What is unusual enough to be told, but may be meant. */
export function warnings({ role }: MachinesSpec, { type, options }: AzureMachine, { infiniband }: Features): string[] {
  const { spot = false } = options;
  if (role === "master") {
    if (spot === false) return [];
    return ["the master is a spot machine: when Azure takes it back, the cluster stops, and all running jobs with it"];
  }
  if (infiniband || options.infiniband !== undefined || abilitiesOf(type).infiniband === undefined) return [];
  return [
    `the machines share no InfiniBand, though ${type} has it: they are ${spot === false ? "reserved" : "spare"} capacity, which Azure takes into no availability set; infiniband: false says that this is meant`,
  ];
}
