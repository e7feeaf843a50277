import { Size } from "../units";
import { didYouMean, type Problem } from "./problems";
import { bag, needed, NUMBER, oneOf, type PropertyNames, SIZE, TEXT } from "./properties";

export type Architecture = "x86_64" | "arm64";

/** What a machine has, as Slurm needs to know it. */
export interface MachineShape {
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  /** As the vendor advertises it; what Slurm is promised is less (see `slurm/memory.ts`). */
  readonly memory: Size;
  readonly architecture: Architecture;
  readonly gpus?: GpuShape;
}

export interface GpuShape {
  readonly count: number;
  /** Slurm's GRES type, lower case, e.g. `a10g`. */
  readonly type?: string;
}

const GPU_NAMES = { count: needed(NUMBER), type: TEXT } satisfies PropertyNames<GpuShape>;

export const SHAPE_NAMES = {
  sockets: needed(NUMBER),
  coresPerSocket: needed(NUMBER),
  threadsPerCore: needed(NUMBER),
  memory: needed(SIZE),
  architecture: needed(oneOf("x86_64", "arm64")),
  gpus: bag(GPU_NAMES),
} satisfies PropertyNames<MachineShape>;

/** Slurm counts sockets, cores and threads in 16 bits. */
const MOST = 65_533;

/** Slurm is promised 95 % of it less 256 MB. */
export const LEAST_MEMORY = Size.mebibytes(512);

/** What is wrong with a shape that somebody wrote down, whose kinds are right. */
export function shapeProblems(shape: MachineShape, at: string): readonly Problem[] {
  const { sockets, coresPerSocket, threadsPerCore, memory, gpus } = shape;
  const counted = { sockets, coresPerSocket, threadsPerCore, "gpus.count": gpus?.count };
  return [
    ...Object.entries(counted)
      .filter(([, count]) => count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= MOST))
      .map(([name, got]) => ({ at: `${at}.${name}`, got, want: `a whole number from 1 to ${MOST}` })),
    ...(memory.isLessThan(LEAST_MEMORY)
      ? [{ at: `${at}.memory`, got: memory.toString(), want: `at least ${LEAST_MEMORY.toString()}` }]
      : []),
    ...(gpus?.type === undefined ? [] : gresTypeProblems(gpus.type, `${at}.gpus.type`)),
  ];
}

/** What is wrong with the type of a GPU as jobs name it. */
export function gresTypeProblems(type: string, at: string): readonly Problem[] {
  if (/^[a-z][a-z0-9_]*$/.test(type)) return [];
  const hint = didYouMean(type, [type.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_")]);
  return [{ at, got: type, want: "a GRES type: lower case letters, digits and underscores", hint }];
}

/** The sizes that clouds sell under one name each. */
export const NEUTRAL_SIZES = ["small", "medium", "large", "gpu"] as const;
export type NeutralSize = (typeof NEUTRAL_SIZES)[number];

/** A machine in one vendor's own words, made by that vendor's factory (`LocalMachine.of(…)`, `AwsMachine.of(…)`). */
export interface VendorMachine {
  /** The kind of cloud that understands it, e.g. `local`. */
  readonly cloud: string;
  /** The vendor's name of it. */
  readonly type: string;
}

/**
 * What machines to use: a neutral size (`small`, `medium`, `large`, `gpu`), a vendor's own name of a type, a vendor value,
 * or one of those per kind of cloud, with `default` for the rest.
 */
export type MachineChoice = string | VendorMachine | { readonly [cloud: string]: string | VendorMachine };

/** What `choice` says for one kind of cloud; `undefined` if it says nothing for it. */
export function machineFor(choice: MachineChoice, cloud: string): string | VendorMachine | undefined {
  if (typeof choice === "string" || isVendorMachine(choice)) return choice;
  return choice[cloud] ?? choice["default"];
}

export function isVendorMachine(choice: Exclude<MachineChoice, string>): choice is VendorMachine {
  return typeof choice["cloud"] === "string" && typeof choice["type"] === "string";
}
