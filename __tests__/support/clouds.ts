import { AwsCloud } from "cdktf-openhpc/aws";
import { AzureCloud } from "cdktf-openhpc/azure";
import { LocalCloud } from "cdktf-openhpc/local";
import type { CloudSample } from "../clouds/contract";
import { COMPUTE } from "./azure";
import { ACCESS as access } from "./demo";

/** Every cloud of the package, by its folder in `lib/clouds`; the contract's test says which is forgotten. */
export const CLOUDS: Readonly<Record<string, CloudSample>> = {
  aws: { make: () => new AwsCloud({ region: "us-east-1", access }), gpuImage: "self/gpu-node-*" },
  azure: {
    make: () => new AzureCloud({ location: "westeurope", access }),
    existingDisk: `${COMPUTE}/disks/home`,
    gpuImage: `${COMPUTE}/galleries/g/images/gpu-node`,
  },
  local: { make: () => new LocalCloud() },
};
