import type { Cloud, ShapeAnswer, WantedMachine } from "../clouds/cloud";
import { type MachineChoice, type MachineShape, type VendorMachine, machineFor } from "../model/machine";
import type { Problem } from "../model/problems";
import { Size } from "../units";

/** Debian with Slurm, MPI and Apptainer, and room for one more version of each while it is updated. */
const SMALLEST_ROOT = Size.gibibytes(20);

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
  const { shape, problems } = cloud.shapeOf(machine, wanted);
  if (problems.length > 0 || shape === undefined) return { problems };
  return { machine, shape, problems: wanted.gpus ? withoutGpus(machine, shape, cloud) : [] };
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
