import { readProperties } from "../../model/properties";
import type { Architecture, MachineShape, NeutralSize, VendorMachine } from "../../model/machine";
import { NEUTRAL_SIZES, shapeProblems } from "../../model/machine";
import { didYouMean, type Problem } from "../../model/problems";
import type { ShapeAnswer } from "../cloud";
import { type InstanceType, instanceTypes } from "./instance-types";
import { AwsMachine, type AwsMachineOptions, MACHINE_NAMES } from "./machine";
import { volumeProblems } from "./volume";

/**
 * Current families in which every core is a whole one (m7a: AMD without second threads; m8g: Graviton), sold in most
 * regions; the smallest machines with one GPU.
 */
const SIZES: Readonly<Record<Architecture, Readonly<Record<NeutralSize, string>>>> = {
  x86_64: { small: "m7a.large", medium: "m7a.2xlarge", large: "m7a.8xlarge", gpu: "g6.xlarge" },
  arm64: { small: "m8g.large", medium: "m8g.2xlarge", large: "m8g.8xlarge", gpu: "g5g.xlarge" },
};

/** The neutral sizes that there are. */
export function sizesOf(architecture: Architecture): readonly NeutralSize[] {
  return NEUTRAL_SIZES.filter((size) => size in SIZES[architecture]);
}

/** What may be said as `machine`, for messages. */
export function machineWords(architecture: Architecture): string {
  return `${sizesOf(architecture).join(", ")} or an instance type that the catalogue knows`;
}

/** `machine` in AWS's own words: a neutral size is an instance type, a vendor value stays what it is. */
export function awsMachine(machine: string | VendorMachine, architecture: Architecture): AwsMachine | undefined {
  if (typeof machine !== "string") return machine instanceof AwsMachine ? machine : undefined;
  const size = NEUTRAL_SIZES.find((name) => name === machine);
  return AwsMachine.of(size === undefined ? machine : SIZES[architecture][size]);
}

/** What a machine has, from the catalogue or the user's own `shape`, or everything that is wrong with asking for it. */
export function shapeOf(machine: string | VendorMachine, architecture: Architecture): ShapeAnswer {
  const wanted = awsMachine(machine, architecture);
  if (wanted === undefined) {
    const { cloud, type } = machine as VendorMachine;
    const want = `a machine of AWS, such as AwsMachine.of("c7i.8xlarge"); this is one of ${cloud}`;
    return { problems: [{ at: "machine", got: type, want }] };
  }
  const { type } = wanted;
  const { problems: given, usable: options } = readProperties(wanted.options, MACHINE_NAMES, "machine");
  const known = instanceTypes().get(type);
  const base = options.shape ?? known?.shape;
  if (base === undefined) return { problems: [...given, unknownType(type, architecture)] };
  const problems = [
    ...given,
    ...(options.shape === undefined ? [] : shapeProblems(options.shape, "machine.shape")),
    ...cpuProblems(options, base, known),
    ...(known === undefined ? [] : abilityProblems(options, known)),
    ...(options.rootVolume === undefined ? [] : volumeProblems(options.rootVolume, "machine.rootVolume")),
    ...reservationProblems(options),
  ];
  return problems.length > 0 ? { problems } : { shape: withCpuOptions(base, options), problems };
}

function unknownType(type: string, architecture: Architecture): Problem {
  const near = didYouMean(type, [...NEUTRAL_SIZES, ...instanceTypes().keys()]);
  const give = `if it is new, say what it has: AwsMachine.of(${JSON.stringify(type)}, { shape: … })`;
  return {
    at: "machine",
    got: type,
    want: machineWords(architecture),
    hint: near === undefined ? give : `${near} ${give}`,
  };
}

/** What the user wants of a type that has not got it. */
function abilityProblems(
  { efa = false, placementGroup = false, spot = false }: AwsMachineOptions,
  known: InstanceType,
): Problem[] {
  const problems: Problem[] = [];
  const { name } = known;
  if (efa && known.efaCards.length === 0) {
    const [family = ""] = name.split(".");
    const siblings = [...instanceTypes().values()].filter(
      (type) => type.name.startsWith(`${family}.`) && type.efaCards.length > 0,
    );
    const hint =
      siblings.length === 0
        ? "hpc7a, c7i, c7gn and p5 have it in their large sizes"
        : `of its family ${siblings.map((type) => type.name).join(", ")} have it`;
    problems.push({ at: "machine.efa", got: true, want: `left out: ${name} takes no Elastic Fabric Adapter`, hint });
  }
  if (placementGroup && !known.cluster) {
    problems.push({
      at: "machine.placementGroup",
      got: true,
      want: `left out: ${name} cannot be in a cluster placement group`,
    });
  }
  if (spot !== false && !known.spot) {
    problems.push({ at: "machine.spot", got: spot, want: `left out: ${name} is not sold as spot` });
  }
  return problems;
}

function cpuProblems(
  { cpuOptions: { cores, threadsPerCore } = {} }: AwsMachineOptions,
  base: MachineShape,
  known: InstanceType | undefined,
): Problem[] {
  const problems: Problem[] = [];
  const most = base.sockets * base.coresPerSocket;
  if (cores !== undefined && (!Number.isInteger(cores) || cores < 1 || cores > most)) {
    problems.push({ at: "machine.cpuOptions.cores", got: cores, want: `a whole number from 1 to ${most}` });
  }
  const fixed =
    known !== undefined && !known.smtOff && threadsPerCore !== undefined && threadsPerCore !== base.threadsPerCore;
  if (fixed) {
    const want =
      base.threadsPerCore === 1
        ? "1 or left out: its cores have one thread each"
        : `left out: the threads of ${known.name} cannot be switched off`;
    problems.push({ at: "machine.cpuOptions.threadsPerCore", got: threadsPerCore, want });
  } else if (threadsPerCore !== undefined && threadsPerCore !== 1 && threadsPerCore !== base.threadsPerCore) {
    const want = base.threadsPerCore === 1 ? "1, or left out" : `1 or ${base.threadsPerCore}, or left out`;
    problems.push({ at: "machine.cpuOptions.threadsPerCore", got: threadsPerCore, want });
  }
  return problems;
}

function reservationProblems({ capacityReservation, spot = false }: AwsMachineOptions): Problem[] {
  const problems: Problem[] = [];
  if (capacityReservation !== undefined && !/^cr-[0-9a-f]{8,17}$/.test(capacityReservation)) {
    problems.push({
      at: "machine.capacityReservation",
      got: capacityReservation,
      want: "the id of a capacity reservation: cr-…",
    });
  }
  if (capacityReservation !== undefined && spot !== false) {
    problems.push({ at: "machine.spot", got: spot, want: "left out: reserved capacity is not spare capacity" });
  }
  if (typeof spot === "object" && !(spot.maxHourly > 0 && spot.maxHourly < Infinity)) {
    problems.push({ at: "machine.spot.maxHourly", got: spot.maxHourly, want: "a price above 0, in US dollars" });
  }
  return problems;
}

function withCpuOptions(base: MachineShape, { cpuOptions }: AwsMachineOptions): MachineShape {
  if (cpuOptions === undefined) return base;
  const { cores = base.sockets * base.coresPerSocket, threadsPerCore = base.threadsPerCore } = cpuOptions;
  return { ...base, sockets: 1, coresPerSocket: cores, threadsPerCore };
}
