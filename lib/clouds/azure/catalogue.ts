import { readProperties } from "../../model/properties";
import type { Architecture, NeutralSize, VendorMachine } from "../../model/machine";
import { NEUTRAL_SIZES, shapeProblems } from "../../model/machine";
import { didYouMean, type Problem } from "../../model/problems";
import type { ShapeAnswer, WantedMachine } from "../cloud";
import { type InstanceType, instanceTypes, regionsOf } from "./instance-types";
import { AzureMachine, type AzureMachineOptions, MACHINE_NAMES } from "./machine";
import { resourceIdProblems } from "./names";
import { rootVolumeProblems } from "./volume";

/**
 * Families whose disks are SCSI units, which every image finds, sold in most regions (Dsv5: Intel, Dpsv5: Ampere); the
 * smallest machine with one GPU.
 */
const SIZES: Readonly<Record<Architecture, Readonly<Partial<Record<NeutralSize, string>>>>> = {
  x86_64: {
    small: "Standard_D2s_v5",
    medium: "Standard_D8s_v5",
    large: "Standard_D32s_v5",
    gpu: "Standard_NC4as_T4_v3",
  },
  arm64: { small: "Standard_D2ps_v5", medium: "Standard_D8ps_v5", large: "Standard_D32ps_v5" },
};

/** The neutral sizes that there are. */
export function sizesOf(architecture: Architecture): readonly NeutralSize[] {
  return NEUTRAL_SIZES.filter((size) => size in SIZES[architecture]);
}

/** What may be said as `machine`, for messages. */
export function machineWords(architecture: Architecture): string {
  return `${sizesOf(architecture).join(", ")} or a VM size that the catalogue knows`;
}

/** What a size is asked for in. */
export interface Market {
  readonly architecture: Architecture;
  readonly location: string;
}

/** `machine` in Azure's own words: a neutral size is a VM size, a vendor value stays what it is. */
export function azureMachine(machine: string | VendorMachine, architecture: Architecture): AzureMachine | undefined {
  if (typeof machine !== "string") return machine instanceof AzureMachine ? machine : undefined;
  const size = NEUTRAL_SIZES.find((name) => name === machine);
  const type = size === undefined ? machine : SIZES[architecture][size];
  return type === undefined ? undefined : AzureMachine.of(type);
}

/** What a machine has, from the catalogue or the user's own `shape`, or everything that is wrong with asking for it. */
export function shapeOf(machine: string | VendorMachine, market: Market, wanted?: WantedMachine): ShapeAnswer {
  const asked = azureMachine(machine, market.architecture);
  if (asked === undefined)
    return { problems: [typeof machine === "string" ? noSuchSize(machine, market) : notOurs(machine)] };
  const { type } = asked;
  const { problems: given, usable: options } = readProperties(asked.options, MACHINE_NAMES, "machine");
  const known = instanceTypes().get(type);
  const shape = options.shape ?? known?.shape;
  if (shape === undefined) return { problems: [...given, unknownType(type, market)] };
  const problems = [
    ...given,
    ...(options.shape === undefined ? [] : shapeProblems(options.shape, "machine.shape")),
    ...(known === undefined ? [] : abilityProblems(options, known)),
    ...(options.shape === undefined ? regionProblems(type, market.location) : []),
    ...(options.rootVolume === undefined ? [] : rootVolumeProblems(options.rootVolume, "machine.rootVolume")),
    ...marketProblems(options),
    ...(wanted?.role === "master" && options.infiniband === true ? [masterFabric()] : []),
  ];
  return problems.length > 0 ? { problems } : { shape, problems };
}

/** What a size can do; what the catalogue does not know can what is usual today. */
export function abilitiesOf(type: string): Abilities {
  return instanceTypes().get(type) ?? { acceleratedNetworking: true, trustedLaunch: true, nvme: false, dataDisks: 4 };
}

export type Abilities = Pick<
  InstanceType,
  "infiniband" | "acceleratedNetworking" | "trustedLaunch" | "nvme" | "dataDisks"
>;

function notOurs({ cloud, type }: VendorMachine): Problem {
  const want = `a machine of Azure, such as AzureMachine.of("Standard_HB120rs_v3"); this is one of ${cloud}`;
  return { at: "machine", got: type, want };
}

function noSuchSize(size: string, { architecture }: Market): Problem {
  const sizes = sizesOf(architecture).join(", ");
  const hint = 'give the cloud architecture: "x86_64"';
  return { at: "machine", got: size, want: `one of ${sizes}: Azure sells none of this size for ${architecture}`, hint };
}

function unknownType(type: string, { architecture }: Market): Problem {
  const near = didYouMean(type, [...NEUTRAL_SIZES, ...instanceTypes().keys()]);
  const give = `if it is new, say what it has: AzureMachine.of(${JSON.stringify(type)}, { shape: … })`;
  return {
    at: "machine",
    got: type,
    want: machineWords(architecture),
    hint: near === undefined ? give : `${near} ${give}`,
  };
}

/** What the user wants of a size that has not got it. */
function abilityProblems(options: AzureMachineOptions, known: InstanceType): Problem[] {
  const { infiniband = false, acceleratedNetworking = false, secureBoot = false } = options;
  const problems: Problem[] = [];
  if (infiniband && known.infiniband === undefined) {
    const hint =
      "Standard_HB120rs_v3, Standard_HB176rs_v4, Standard_HX176rs, Standard_HC44rs and Standard_ND96isr_H100_v5 have it";
    problems.push({ at: "machine.infiniband", got: true, want: `left out: ${known.name} has no InfiniBand`, hint });
  }
  if (acceleratedNetworking && !known.acceleratedNetworking) {
    problems.push({ at: "machine.acceleratedNetworking", got: true, want: `left out: ${known.name} has none` });
  }
  if (secureBoot && !known.trustedLaunch) {
    problems.push({ at: "machine.secureBoot", got: true, want: `left out: ${known.name} has no trusted launch` });
  }
  return problems;
}

function regionProblems(type: string, location: string): Problem[] {
  const sold = regionsOf(type);
  if (sold === undefined || sold.includes(location)) return [];
  const give = `if it is sold in ${location} by now, say what it has: AzureMachine.of(${JSON.stringify(type)}, { shape: … })`;
  return [
    {
      at: "machine",
      got: type,
      want: `a size that is sold in ${location}`,
      hint: `this one is sold in ${sold.join(", ")}; ${give}`,
    },
  ];
}

/** What is wrong with how the machines are bought, and with where those that are bought so are to be. */
function marketProblems(options: AzureMachineOptions): Problem[] {
  const { capacityReservation, spot = false, infiniband, placementGroup } = options;
  const problems: Problem[] = [];
  if (capacityReservation !== undefined) {
    problems.push(
      ...resourceIdProblems(
        capacityReservation,
        "Microsoft.Compute/capacityReservationGroups",
        "machine.capacityReservation",
      ),
    );
  }
  if (capacityReservation !== undefined && spot !== false) {
    problems.push({ at: "machine.spot", got: spot, want: "left out: reserved capacity is not spare capacity" });
  }
  const outside = spot !== false ? "spare" : capacityReservation !== undefined ? "reserved" : undefined;
  if (infiniband === true && outside !== undefined) {
    const want = `left out: machines that share InfiniBand are one availability set, and Azure takes no ${outside} capacity into one`;
    problems.push({ at: "machine.infiniband", got: true, want });
  }
  if (placementGroup === true && capacityReservation !== undefined) {
    const want = "left out: Azure takes no reserved capacity into a proximity placement group";
    problems.push({ at: "machine.placementGroup", got: true, want });
  }
  if (typeof spot === "object" && spot.maxHourly !== undefined && !(spot.maxHourly > 0 && spot.maxHourly < Infinity)) {
    problems.push({ at: "machine.spot.maxHourly", got: spot.maxHourly, want: "a price above 0, in US dollars" });
  }
  return problems;
}

function masterFabric(): Problem {
  const want = "left out: the master runs no jobs, and the fabric joins machines of one pool";
  return { at: "machine.infiniband", got: true, want };
}
