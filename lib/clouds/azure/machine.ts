import { SHAPE_NAMES, type MachineShape, type VendorMachine } from "../../model/machine";
import { VOLUME_NAMES, type VolumeOptions } from "./volume";
import { bag, FLAG, NUMBER, oneOf, type PropertyNames, TEXT } from "../../model/properties";

export interface AzureMachineOptions {
  /**
   * Machines that may talk over InfiniBand with each other: they share an availability set, which holds 200 at most, and
   * neither spare nor reserved capacity.
   *
   * @default - true where the size has InfiniBand, and the machines are neither spare nor reserved capacity
   * @onChange replaces the machines
   */
  readonly infiniband?: boolean;

  /**
   * Puts the machines of the group close together, into a proximity placement group.
   *
   * @default - what `infiniband` says
   * @onChange restarts the machines, with their jobs, about which `ohpc` asks; replaces them where they share InfiniBand
   */
  readonly placementGroup?: boolean;

  /**
   * The network card of the host instead of a virtual one.
   *
   * @default - true where the size has it
   * @onChange live; Azure may want the machines stopped (`ohpc stop`): not tried
   */
  readonly acceleratedNetworking?: boolean;

  /**
   * Spare capacity at a discount, which Azure takes back with thirty seconds' notice.
   *
   * @default false
   * @onChange replaces the machines
   */
  readonly spot?: boolean | SpotOptions;

  /**
   * The id of a capacity reservation group that the machines are to use. Azure takes it for no machines that are placed
   * otherwise: in a proximity placement group, or sharing InfiniBand.
   *
   * @default - none
   * @onChange restarts the machines, with their jobs, about which `ohpc` asks
   */
  readonly capacityReservation?: string;

  /**
   * Only signed boot loaders and kernel modules are loaded. Drivers of GPUs and of the Azure HPC image are not signed.
   *
   * @default - true where the size can and has neither GPUs nor InfiniBand
   * @onChange replaces the machines
   */
  readonly secureBoot?: boolean;

  /**
   * Encrypts temporary disks and caches on the host as well. The subscription needs the feature `EncryptionAtHost`.
   *
   * @default false
   * @onChange restarts the machines, with their jobs, about which `ohpc` asks
   */
  readonly encryptionAtHost?: boolean;

  /**
   * What the disk of the operating system is made of.
   *
   * @default - Premium SSD, encrypted with the platform's keys
   * @onChange restarts the machines, with their jobs, about which `ohpc` asks; another type replaces them
   */
  readonly rootVolume?: VolumeOptions;

  /**
   * What the machine has, for a size that the catalogue does not know yet, or not in this region.
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
   * @default - the pay-as-you-go price
   */
  readonly maxHourly?: number;

  /**
   * What becomes of a machine that Azure takes back: `deallocate` keeps its disk and address, so that `ohpc resume`
   * starts it again; `delete` keeps neither.
   *
   * @default "deallocate"
   */
  readonly eviction?: "deallocate" | "delete";
}

const SPOT_NAMES = {
  maxHourly: NUMBER,
  eviction: oneOf("deallocate", "delete"),
} satisfies PropertyNames<SpotOptions>;

export const MACHINE_NAMES = {
  infiniband: FLAG,
  placementGroup: FLAG,
  acceleratedNetworking: FLAG,
  spot: bag(SPOT_NAMES, FLAG),
  capacityReservation: TEXT,
  secureBoot: FLAG,
  encryptionAtHost: FLAG,
  rootVolume: bag(VOLUME_NAMES),
  shape: bag(SHAPE_NAMES),
} satisfies PropertyNames<AzureMachineOptions>;

/** A VM size by its own name, with what only Azure has: `AzureMachine.of("Standard_HB176rs_v4", { spot: true })`. */
export class AzureMachine implements VendorMachine {
  readonly cloud = "azure";

  static of(type: string, options: AzureMachineOptions = {}): AzureMachine {
    return new AzureMachine(type, options);
  }

  private constructor(
    readonly type: string,
    readonly options: AzureMachineOptions,
  ) {}
}
