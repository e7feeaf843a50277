import type { Size } from "../units";
import { bag, needed, NUMBER, type PropertyNames, SIZE, TEXT } from "./properties";

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
  architecture: needed(TEXT),
  gpus: bag(GPU_NAMES),
} satisfies PropertyNames<MachineShape>;

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
