import { FLAG, NUMBER, type PropertyNames, TEXT } from "../../model/properties";
import type { EngineName } from "./engine-prelude";

export interface LocalCloudProps {
  /**
   * The container engine for clusters that do not exist yet. The environment variable OHPC_ENGINE goes first;
   * a cluster stays with the engine that it was made with.
   *
   * @default - podman if it works on this machine, else docker; found out at deploy, never at synth
   * @onChange nothing, until the cluster is destroyed and made again
   */
  readonly engine?: EngineName;

  /**
   * The subnet of the cluster's bridge: private, from /8 to /22.
   *
   * @default - one of 64 in 10.64.0.0/10, chosen by the cluster's name
   * @onChange replaces the network and all machines; disks stay
   */
  readonly subnet?: string;

  /**
   * Whether machines reach the world outside. Without, the bridge has no way out, and the master is reached by its own address;
   * stock machines (`debian-13`) are refused.
   *
   * @default true
   * @onChange replaces the network and all machines; disks stay
   */
  readonly internet?: boolean;

  /**
   * The port on 127.0.0.1 that leads to the master's SSH.
   *
   * @default - one from 20000 to 29999, chosen by the cluster's name
   * @onChange replaces the master; disks stay
   */
  readonly sshPort?: number;

  /**
   * Names the site in the manifest.
   *
   * @default "local"
   * @onChange replaces the network and all machines; disks stay
   */
  readonly id?: string;
}

export const LOCAL_CLOUD_NAMES = {
  engine: TEXT,
  subnet: TEXT,
  internet: FLAG,
  sshPort: NUMBER,
  id: TEXT,
} satisfies PropertyNames<LocalCloudProps>;
