import { SHAPE_NAMES, type MachineShape, type VendorMachine } from "../../model/machine";
import { VOLUME_NAMES, type VolumeOptions } from "./volume";
import { bag, FLAG, needed, NUMBER, type PropertyNames, TEXT } from "../../model/properties";

export interface AwsMachineOptions {
  /**
   * Elastic Fabric Adapters on all network cards of the machine that take one, for MPI and NCCL.
   *
   * @default false
   * @onChange replaces the machines
   */
  readonly efa?: boolean;

  /**
   * Puts the machines of the group close together.
   *
   * @default - what `efa` says: a fabric over a whole data centre is none
   * @onChange replaces the machines
   */
  readonly placementGroup?: boolean;

  /**
   * Spare capacity at a discount, which AWS takes back with two minutes' notice. Such machines cannot be stopped:
   * `ohpc stop` refuses them, or ends them with `--end-spot`.
   *
   * @default false
   * @onChange replaces the machines
   */
  readonly spot?: boolean | SpotOptions;

  /**
   * The id of a capacity reservation (`cr-…`) that the machines are to use.
   *
   * @default - none in particular; open ones that match are used
   * @onChange restarts the machines, with their jobs, about which `ohpc` asks; leaving it out changes nothing
   */
  readonly capacityReservation?: string;

  /**
   * Cores and threads that the machine shows. `threadsPerCore: 1` switches hyper-threading off.
   *
   * @default - all that it has
   * @onChange replaces the machines
   */
  readonly cpuOptions?: CpuOptions;

  /**
   * What the disk of the operating system is made of.
   *
   * @default - gp3, encrypted with the account's own key
   * @onChange live; another key replaces the machines
   */
  readonly rootVolume?: VolumeOptions;

  /**
   * What the machine has, for a type that the catalogue does not know yet.
   *
   * @default - what the catalogue says
   * @onChange reconfigures Slurm
   */
  readonly shape?: MachineShape;
}

export interface SpotOptions {
  /**
   * The most that an hour may cost, in US dollars.
   *
   * @default - the on-demand price
   */
  readonly maxHourly: number;
}

export interface CpuOptions {
  /** @default - all */
  readonly cores?: number;
  /** @default - all */
  readonly threadsPerCore?: 1 | 2;
}

const SPOT_NAMES = { maxHourly: needed(NUMBER) } satisfies PropertyNames<SpotOptions>;
const CPU_NAMES = { cores: NUMBER, threadsPerCore: NUMBER } satisfies PropertyNames<CpuOptions>;

export const MACHINE_NAMES = {
  efa: FLAG,
  placementGroup: FLAG,
  spot: bag(SPOT_NAMES, FLAG),
  capacityReservation: TEXT,
  cpuOptions: bag(CPU_NAMES),
  rootVolume: bag(VOLUME_NAMES),
  shape: bag(SHAPE_NAMES),
} satisfies PropertyNames<AwsMachineOptions>;

/** An EC2 instance type by its own name, with what only AWS has: `AwsMachine.of("hpc7a.96xlarge", { efa: true })`. */
export class AwsMachine implements VendorMachine {
  readonly cloud = "aws";

  static of(type: string, options: AwsMachineOptions = {}): AwsMachine {
    return new AwsMachine(type, options);
  }

  private constructor(
    readonly type: string,
    readonly options: AwsMachineOptions,
  ) {}
}
