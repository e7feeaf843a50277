export { LocalCloud } from "./cloud";
export { LocalMachine, type LocalMachineProps } from "./catalogue";
export { LocalMachines } from "./machines";
export { LocalNetwork } from "./network";
export { LocalVolume } from "./disk";
export type { LocalCloudProps } from "./props";
