import type { TerraformStack } from "cdktf";
import {
  type Cloud,
  ComputePool,
  type ComputePoolOptions,
  NfsDisk,
  OpenHpcMaster,
  type OpenHpcMasterProps,
  Size,
} from "cdktf-openhpc";

/** Nobody has its other half any more. */
export const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG test";
export const ACCESS = { sshPublicKey: KEY, from: [{ cidr: "192.0.2.0/24", reason: "a test" }] };

/** What of the demo's cluster is otherwise. */
export interface Variant<P> {
  readonly cloud?: Partial<P>;
  readonly master?: Partial<OpenHpcMasterProps>;
  /** `id`: the pool's name. @default "cpu" */
  readonly pool?: Partial<ComputePoolOptions> & { readonly id?: string };
  /** The id of a disk that exists already. */
  readonly home?: string;
}

/** A master and a pool of two machines, in a cloud of these properties. */
export function demoIn<P>(
  cloudOf: (props: P) => Cloud,
  props: P,
): (variant?: Variant<P>) => (stack: TerraformStack) => void {
  return ({ cloud = {}, master: more = {}, pool: { id = "cpu", ...pool } = {}, home: existing } = {}) =>
    (stack) => {
      const home = new NfsDisk(stack, "home", existing === undefined ? { size: Size.gibibytes(100) } : { existing });
      const master = new OpenHpcMaster(stack, "master", { cloud: cloudOf({ ...props, ...cloud }), home, ...more });
      new ComputePool(stack, id, { master, nodes: 2, machine: "medium", ...pool });
    };
}
