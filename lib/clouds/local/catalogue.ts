import { type PropertyNames, readProperties, SIZE } from "../../model/properties";
import {
  LEAST_MEMORY,
  type MachineShape,
  NEUTRAL_SIZES,
  type NeutralSize,
  type VendorMachine,
} from "../../model/machine";
import { didYouMean, type Problem } from "../../model/problems";
import { Size } from "../../units";
import type { ShapeAnswer } from "../cloud";

export interface LocalMachineProps {
  /**
   * Cores that Slurm counts. They are promises: all machines share those of this computer.
   *
   * @default 1
   * @onChange reconfigures Slurm; jobs there go back into the queue, or end: `ohpc` names them and asks. No container is
   * replaced
   */
  readonly cpus?: number;

  /**
   * Memory that Slurm counts. A promise, too: no limit is set.
   *
   * @default Size.gibibytes(4)
   * @onChange reconfigures Slurm; no container is replaced
   */
  readonly memory?: Size;

  /**
   * GPUs that Slurm counts. Their device files lead nowhere: they are good for trying out GRES, not for computing.
   *
   * @default 0
   * @onChange replaces the machines
   */
  readonly gpus?: number;
}

export const MACHINE_NAMES = { cpus: true, memory: SIZE, gpus: true } satisfies PropertyNames<LocalMachineProps>;

/** A container that promises hardware of your choice. */
export class LocalMachine implements VendorMachine {
  readonly cloud = "local";

  static of(props: LocalMachineProps): LocalMachine {
    const { problems, usable } = readProperties(props, MACHINE_NAMES, "machine");
    const { cpus = 1, memory = Size.gibibytes(4), gpus = 0 } = usable;
    return new LocalMachine(cpus, memory, gpus, problems);
  }

  private constructor(
    readonly cpus: number,
    readonly memory: Size,
    readonly gpus: number,
    /** @internal What is wrong with the names and kinds of what was said of it. */
    readonly problems: readonly Problem[],
  ) {}

  get type(): string {
    return `${this.cpus} CPUs, ${this.memory.toString()}${this.gpus === 0 ? "" : `, ${this.gpus} GPUs`}`;
  }
}

/** One CPU each: nodes that promise more than they share run MPI many times slower. */
const SIZES: Readonly<Record<NeutralSize, LocalMachine>> = {
  small: LocalMachine.of({ memory: Size.gibibytes(2) }),
  medium: LocalMachine.of({ memory: Size.gibibytes(4) }),
  large: LocalMachine.of({ memory: Size.gibibytes(8) }),
  gpu: LocalMachine.of({ memory: Size.gibibytes(4), gpus: 2 }),
};

export const MACHINE_WORDS = `one of ${NEUTRAL_SIZES.join(", ")}, or LocalMachine.of({ cpus, memory, gpus })`;

export function shapeOf(machine: string | VendorMachine): ShapeAnswer {
  if (typeof machine === "string") {
    const size = NEUTRAL_SIZES.find((name) => name === machine);
    if (size !== undefined) return { shape: toShape(SIZES[size]), problems: [] };
    const hint = didYouMean(machine, NEUTRAL_SIZES);
    return { problems: [{ at: "machine", got: machine, want: MACHINE_WORDS, hint }] };
  }
  if (!(machine instanceof LocalMachine)) {
    const want = `a machine of the local cloud, such as LocalMachine.of({ cpus: 2 }); this is one of ${machine.cloud}`;
    return { problems: [{ at: "machine", got: machine.type, want }] };
  }
  const problems = machineProblems(machine);
  return problems.length > 0 ? { problems } : { shape: toShape(machine), problems };
}

function machineProblems({ cpus, memory, gpus, problems: given }: LocalMachine): Problem[] {
  const problems: Problem[] = [...given];
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > 1024) {
    problems.push({ at: "machine.cpus", got: cpus, want: "a whole number from 1 to 1024" });
  }
  if (memory.isLessThan(LEAST_MEMORY)) {
    problems.push({ at: "machine.memory", got: memory.toString(), want: `at least ${LEAST_MEMORY.toString()}` });
  }
  if (!Number.isInteger(gpus) || gpus < 0 || gpus > 64) {
    problems.push({ at: "machine.gpus", got: gpus, want: "a whole number from 0 to 64" });
  }
  return problems;
}

function toShape({ cpus, memory, gpus }: LocalMachine): MachineShape {
  const shape = { sockets: 1, coresPerSocket: cpus, threadsPerCore: 1, memory, architecture: "x86_64" } as const;
  return gpus === 0 ? shape : { ...shape, gpus: { count: gpus } };
}
