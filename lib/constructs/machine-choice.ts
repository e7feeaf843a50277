import type { Cloud, ShapeAnswer, WantedMachine } from "../clouds/cloud";
import {
  type MachineChoice,
  type MachineShape,
  type VendorMachine,
  isVendorMachine,
  machineFor,
} from "../model/machine";
import { didYouMean, type Problem } from "../model/problems";
import { able, type Kind, TEXT } from "../model/properties";
import { Size } from "../units";

/** Debian with Slurm, MPI and Apptainer, and room for one more version of each while it is updated. */
const SMALLEST_ROOT = Size.gibibytes(20);

/** A size, a type, a vendor's value, or one of those per kind of cloud; which of them there are is the cloud's to say. */
export const MACHINE: Kind = {
  want: "a size, a vendor's name or value of a machine, or one of those per kind of cloud",
  fits: (value) => TEXT.fits(value) || (typeof value === "object" && value !== null && !Array.isArray(value)),
};

export const CLOUD: Kind = able("a cloud, such as new LocalCloud()", "network", "machines", "problems");

/** Kinds of clouds that are known here; others may come from elsewhere. */
const KINDS = ["default", "local", "aws", "azure"];

export interface ChosenMachine extends ShapeAnswer {
  /** Absent when nobody chose anything for this kind of cloud. */
  readonly machine?: string | VendorMachine;
}

/** What `choice` means on this cloud, and what such a machine has. Where nothing was chosen, the cloud does, if it can. */
export function chooseMachine(choice: MachineChoice | undefined, cloud: Cloud, wanted: WantedMachine): ChosenMachine {
  const own = choice ?? defaultMachine(cloud, wanted);
  if (own === undefined) {
    const want = `${cloud.machineWords}: the cloud ${JSON.stringify(cloud.id)} chooses none by itself`;
    return { problems: [{ at: "machine", got: undefined, want }] };
  }
  const machine = machineFor(own, cloud.kind);
  if (machine === undefined) {
    const want = `something for the cloud ${JSON.stringify(cloud.kind)}`;
    return { problems: [{ at: "machine", got: choice, want, hint: `add ${cloud.kind}: … or default: …` }] };
  }
  const misspelt = kindProblems(own, cloud.kind);
  if (!isMachine(machine)) {
    return { problems: [...misspelt, { at: "machine", got: machine, want: cloud.machineWords }] };
  }
  if (wanted.image?.trim() === "") {
    return { problems: [...misspelt, { at: "image", got: wanted.image, want: "the name of an image, or left out" }] };
  }
  const { shape, problems } = cloud.shapeOf(machine, wanted);
  if (problems.length > 0 || shape === undefined) return { problems: [...misspelt, ...problems] };
  return { machine, shape, problems: [...misspelt, ...(wanted.gpus ? withoutGpus(machine, shape, cloud) : [])] };
}

/** Of a machine per kind of cloud, nobody has looked at the values yet. */
function isMachine(machine: unknown): machine is string | VendorMachine {
  return (
    typeof machine === "string" ||
    (typeof machine === "object" && machine !== null && isVendorMachine(machine as never))
  );
}

/** A kind that nobody knows may be right; one that is nearly a known one is not. */
function kindProblems(choice: MachineChoice, kind: string): readonly Problem[] {
  if (typeof choice === "string" || isVendorMachine(choice)) return [];
  const known = [...new Set([...KINDS, kind])];
  return Object.keys(choice)
    .filter((key) => !known.includes(key))
    .flatMap((key) => {
      const hint = didYouMean(key, known);
      return hint === undefined ? [] : [{ at: `machine.${key}`, got: key, want: `one of ${known.join(", ")}`, hint }];
    });
}

/** A cloud that sells sizes says itself why it has none with GPUs. */
function defaultMachine({ sizes, defaultMachine: plain }: Cloud, { gpus }: WantedMachine): string | undefined {
  if (!gpus) return plain;
  return sizes.length > 0 ? "gpu" : undefined;
}

export function rootDiskProblems(size: Size): readonly Problem[] {
  if (!size.isLessThan(SMALLEST_ROOT)) return [];
  return [{ at: "rootDisk", got: size.toString(), want: `at least ${SMALLEST_ROOT.toString()}` }];
}

function withoutGpus(
  machine: string | VendorMachine,
  { gpus }: MachineShape,
  { sizes, machineWords }: Cloud,
): readonly Problem[] {
  if (gpus !== undefined && gpus.count > 0) return [];
  const got = typeof machine === "string" ? machine : machine.type;
  const hint = sizes.includes("gpu") ? 'the neutral size is "gpu"' : `what may be said is ${machineWords}`;
  return [{ at: "machine", got, want: "a machine with at least one GPU; it has none", hint }];
}
